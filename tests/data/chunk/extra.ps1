function Get-It { param($x) return $x }
class A { [int] F() { return 1 } }
