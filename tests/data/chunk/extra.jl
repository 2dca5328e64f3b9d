module M
struct P
  x::Int
end
function f(x)
  x
end
g(x) = x + 1
end
