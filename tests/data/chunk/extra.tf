resource "aws_x" "name" {
  a = 1
}
variable "y" {}
