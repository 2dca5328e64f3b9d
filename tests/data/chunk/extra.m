@interface A : B
- (int)f;
@end
@implementation A
- (int)f:(int)x { return x; }
@end
int main() { return 0; }
