open X
type t = A | B
module M = struct
  let f x = x
end
let rec g x = x + 1
