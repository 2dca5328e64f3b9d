#include <stdio.h>
#define LIMIT 10
#define SQUARE(x) ((x) * (x))

typedef unsigned int uint;

typedef struct {
    int x;
} point_t;

struct node {
    struct node *next;
    int value;
};

enum colour { RED, GREEN };

static int counter = 0;

int declared(int a);

/* Adds a node
   to the list. */
static struct node *list_add(struct node *head, int value)
{
    struct node *n = malloc(sizeof(*n));
    n->next = head;
    return n;
}

#ifdef DEBUG
void dump(const struct node *n)
{
    printf("%d\n", n->value);
}
#endif

int (*get_handler(int id))(void)
{
    return handlers[id];
}
