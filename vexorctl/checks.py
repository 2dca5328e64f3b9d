"""What `vexorctl doctor` looks at: each check is a function that returns findings, each with its mend."""

from vexorctl import checks_daemon, checks_install, checks_machine
from vexorctl.errors import ClientError
from vexorctl.findings import Ask, Finding


def examine(ask: Ask) -> list[Finding]:
    """Make every check."""
    findings = [
        *checks_machine.runtime_folder(), *checks_machine.folders(), *checks_machine.inotify(),
        *checks_machine.clock(), *checks_install.settings(), *checks_install.keys(),
        *checks_install.model_files(), *checks_install.programs(), *checks_install.service_unit(),
        *checks_install.log_errors(),
    ]  # fmt: skip
    try:
        hello, status = ask("hello"), ask("status")
    except ClientError as error:
        return [*findings, checks_daemon.silent(error)]
    return [*findings, *checks_daemon.answers(hello, status)]
