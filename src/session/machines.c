/* machines.c -- which machines a sensor keeps, and for how long.
 *
 * The world finds machines by key and may drop the least recently used one
 * when memory runs out; here stands the list of keys to look through for
 * those whose time is over.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "session/machines.h"

#include <string.h>

#include "base/arena.h"
#include "base/list.h"
#include "base/str.h"

struct machine {
    struct list link;
    char key[64];
};

struct machines {
    struct vm_world *world;
    struct list all; /* oldest first */
};

struct machines *machines_new(struct vm_world *w)
{
    struct machines *m = x_calloc(1, sizeof *m);

    if (!m)
        return NULL;
    m->world = w;
    list_init(&m->all);
    return m;
}

static void forget(struct machine *one)
{
    list_del(&one->link);
    x_free(one);
}

void machines_free(struct machines *m)
{
    if (!m)
        return;
    while (!list_empty(&m->all))
        forget(LIST_ENTRY(m->all.next, struct machine, link));
    x_free(m);
}

struct vm *machines_get(struct machines *m, const char *key, bool *made)
{
    struct vm *vm = vm_find(m->world, key);
    struct machine *one;

    *made = false;
    if (vm)
        return vm;
    one = x_calloc(1, sizeof *one);
    vm = one ? vm_new(m->world, key) : NULL;
    if (!vm) {
        x_free(one);
        return NULL;
    }
    str_copy(one->key, sizeof one->key, key);
    list_push(&m->all, &one->link);
    *made = true;
    return vm;
}

unsigned machines_expire(struct machines *m, int64_t mono_us)
{
    unsigned n = 0;

    LIST_EACH_SAFE(l, &m->all)
    {
        struct machine *one = LIST_ENTRY(l, struct machine, link);
        struct vm *vm = vm_find(m->world, one->key);
        if (vm && (vm_logins(vm) > 0 || vm_last_used_us(vm) >= mono_us))
            continue;
        if (vm) {
            vm_free(vm);
            n++;
        }
        forget(one);
    }
    return n;
}
