-module(a).
-spec f(integer()) -> integer().
f(0) -> 1;
f(N) -> N.
-record(r, {a, b}).
