<?php

namespace App\Models;

use App\Base;

const LIMIT = 10;

/**
 * A user.
 */
#[Entity]
final class User extends Base implements HasName
{
    use SoftDeletes;

    private string $name;

    public function __construct(string $name)
    {
        $this->name = $name;
    }

    /** The name. */
    public function name(): string
    {
        return $this->name . " of the house that has no end";
    }
}

interface HasName
{
    public function name(): string;
}

trait SoftDeletes
{
    public function delete(): void { $this->gone = true; }
}

enum Suit: string { case Hearts = 'H'; }

function helper(int $x): int
{
    return $x * 2;
}
