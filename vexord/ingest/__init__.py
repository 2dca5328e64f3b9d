"""File events to published generations: watch, ignore, reconcile, extract, chunk, pipeline."""
