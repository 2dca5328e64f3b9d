f <- function(x) {
  x
}
g = 1
