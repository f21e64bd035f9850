/* sysctl.c -- what root wrote to the settings below /proc/sys.
 *
 * The tree of /proc is shared by all machines; a machine keeps only the values
 * that were changed on it, by the number of the file.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "vm/priv.h"

enum { SETTINGS_MAX = 64, VALUE_MAX = 120 };

struct setting {
    struct setting *next;
    uint64_t ino;
    size_t n;
    char text[VALUE_MAX];
};

static bool is_number(const char *s, size_t n)
{
    size_t i = n > 0 && *s == '-';
    if (i == n)
        return false;
    for (; i < n; i++)
        if (s[i] < '0' || s[i] > '9')
            return false;
    return true;
}

static size_t without_newlines(const char *s, size_t n)
{
    while (n > 0 && (s[n - 1] == '\n' || s[n - 1] == ' ' || s[n - 1] == 0))
        n--;
    return n;
}

static struct setting *find(struct vm *vm, uint64_t ino, unsigned *count)
{
    struct setting *s = vm->settings;
    for (*count = 0; s && s->ino != ino; s = s->next)
        ++*count;
    return s;
}

const char *sysctl_value(struct vm *vm, uint64_t ino, size_t *n)
{
    unsigned count;
    struct setting *s = find(vm, ino, &count);
    if (!s)
        return NULL;
    *n = s->n;
    return s->text;
}

ssize_t sysctl_write(struct vm *vm, uint64_t ino, const char *was, const void *p, size_t n)
{
    unsigned count;
    size_t len = without_newlines(p, n);
    /* Where a number stands, only a number may be written. */
    if (is_number(was, without_newlines(was, strlen(was))) && !is_number(p, len))
        return -EINVAL;
    struct setting *s = find(vm, ino, &count);
    if (!s && (count == SETTINGS_MAX || !(s = k_alloc(vm, sizeof(*s)))))
        return (ssize_t)n; /* taken, and forgotten */
    if (s->ino != ino) {
        *s = (struct setting){.next = vm->settings, .ino = ino};
        vm->settings = s;
    }
    s->n = len < VALUE_MAX - 1 ? len : VALUE_MAX - 1;
    memcpy(s->text, p, s->n);
    s->text[s->n++] = '\n';
    return (ssize_t)n;
}
