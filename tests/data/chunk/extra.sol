contract A { function f() public { } event X(); }
