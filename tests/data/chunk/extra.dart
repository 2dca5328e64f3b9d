import 'x.dart';
class A extends B {
  int f(int x) { return x; }
  A(this.x);
}
int g(int y) { return y; }
enum E { a, b }
mixin M {}
