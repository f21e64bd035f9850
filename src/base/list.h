/* list.h -- doubly linked lists whose links live inside the elements.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef BASE_LIST_H
#define BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct list {
    struct list *next, *prev;
};

#define LIST_ENTRY(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))
#define LIST_EACH(pos, head) for (struct list *pos = (head)->next; pos != (head); pos = pos->next)
#define LIST_EACH_SAFE(pos, head)                                                                  \
    for (struct list *pos = (head)->next, *pos##_next = pos->next; pos != (head);                  \
         pos = pos##_next, pos##_next = pos->next)

static inline void list_init(struct list *h)
{
    h->next = h->prev = h;
}
static inline bool list_empty(const struct list *h)
{
    return h->next == h;
}
static inline void list_add_between(struct list *n, struct list *a, struct list *b)
{
    n->prev = a;
    n->next = b;
    a->next = n;
    b->prev = n;
}
static inline void list_push(struct list *h, struct list *n)
{
    list_add_between(n, h->prev, h);
}
static inline void list_unshift(struct list *h, struct list *n)
{
    list_add_between(n, h, h->next);
}
/* Leaves n linked to itself, so that removing twice is harmless. */
static inline void list_del(struct list *n)
{
    n->prev->next = n->next;
    n->next->prev = n->prev;
    list_init(n);
}

#endif
