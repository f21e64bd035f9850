/* awk_value.c -- awk's strings, numbers and arrays.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "cmd/awk.h"

struct awk_str *awk_str_new(struct cmd_run *r, const char *s, size_t n)
{
    struct awk_str *t = arena_alloc(r->arena, sizeof(*t) + n + 1);
    if (!t)
        vm_exit(r->p, 2); /* the kernel has killed us already in this case */
    t->refs = 1;
    t->n = (uint32_t)n;
    if (s)
        memcpy(t->s, s, n);
    t->s[n] = '\0';
    return t;
}

void awk_str_drop(struct cmd_run *r, struct awk_str *s)
{
    if (s && !--s->refs)
        arena_release(r->arena, s, sizeof(*s) + s->n + 1);
}

void awk_drop(struct cmd_run *r, struct awk_val *v)
{
    awk_str_drop(r, v->s);
    *v = (struct awk_val){0};
}

struct awk_val awk_keep(struct awk_val v)
{
    if (v.s)
        v.s->refs++;
    return v;
}

struct awk_val awk_text(struct cmd_run *r, const char *s, size_t n)
{
    return (struct awk_val){.type = AV_STR, .s = awk_str_new(r, s, n)};
}

/* Does the text look like a number, blanks around it allowed? */
static bool looks_numeric(const char *s, size_t n, double *v)
{
    while (n && strchr(" \t\n", s[n - 1]))
        n--;
    size_t lead = strspn(s, " \t\n");
    if (lead >= n)
        return false;
    const char *at = s + lead;
    unsigned char c = (unsigned char)at[*at == '-' || *at == '+'];
    if (!((c >= '0' && c <= '9') || c == '.'))
        return false;
    char *end;
    *v = strtod(s, &end);
    return end == s + n;
}

struct awk_val awk_input(struct cmd_run *r, const char *s, size_t n)
{
    struct awk_val v = awk_text(r, s, n);
    if (looks_numeric(v.s->s, n, &v.n))
        v.type = AV_STRNUM;
    return v;
}

double awk_num(const struct awk_val *v)
{
    if (v->type == AV_STR)
        return strtod(v->s->s, NULL);
    return v->n;
}

bool awk_true(const struct awk_val *v)
{
    return v->type == AV_STR ? v->s->n > 0 : v->n != 0;
}

struct awk_str *awk_string(struct cmd_run *r, const struct awk_val *v, const char *fmt)
{
    char text[512];
    int n;
    if (v->s) {
        v->s->refs++;
        return v->s;
    }
    if (v->type == AV_UNSET)
        return awk_str_new(r, "", 0);
    if (v->n >= -2147483647.0 && v->n <= 2147483647.0 && v->n == (int)v->n)
        n = snprintf(text, sizeof(text), "%d", (int)v->n);
    else if (isnan(v->n))
        n = snprintf(text, sizeof(text), signbit(v->n) ? "-nan" : "nan");
    else
        n = snprintf(text, sizeof(text), fmt, v->n);
    if (n < 0 || n >= (int)sizeof(text))
        n = (int)sizeof(text) - 1;
    return awk_str_new(r, text, (size_t)n);
}

/* --- arrays ------------------------------------------------------------------------ */

struct awk_entry *awk_array_find(struct awk_array *a, const struct awk_str *key)
{
    if (!a->nslots)
        return NULL;
    uint64_t h = hash_bytes(key->s, key->n);
    struct awk_entry *e = a->slot[h & (a->nslots - 1)];
    while (e && (e->hash != h || e->key->n != key->n || memcmp(e->key->s, key->s, key->n)))
        e = e->next;
    return e;
}

static void grow(struct cmd_run *r, struct awk_array *a)
{
    size_t n = a->nslots ? a->nslots * 4 : 16;
    struct awk_entry **slot = vm_alloc(r->p, n * sizeof(*slot));
    for (size_t i = 0; i < a->nslots; i++)
        for (struct awk_entry *e = a->slot[i], *next; e; e = next) {
            next = e->next;
            e->next = slot[e->hash & (n - 1)];
            slot[e->hash & (n - 1)] = e;
        }
    vm_release(r->p, a->slot, a->nslots * sizeof(*slot));
    a->slot = slot;
    a->nslots = n;
}

struct awk_val *awk_array_at(struct cmd_run *r, struct awk_array *a, struct awk_str *key)
{
    struct awk_entry *e = awk_array_find(a, key);
    if (e)
        return &e->v;
    if (a->count >= a->nslots * 2)
        grow(r, a);
    e = vm_alloc(r->p, sizeof(*e));
    e->hash = hash_bytes(key->s, key->n);
    e->key = key;
    e->age = ++a->age;
    key->refs++;
    e->next = a->slot[e->hash & (a->nslots - 1)];
    a->slot[e->hash & (a->nslots - 1)] = e;
    a->count++;
    return &e->v;
}

static void free_entry(struct cmd_run *r, struct awk_entry *e)
{
    awk_str_drop(r, e->key);
    awk_drop(r, &e->v);
    vm_release(r->p, e, sizeof(*e));
}

void awk_array_del(struct cmd_run *r, struct awk_array *a, const struct awk_str *key)
{
    struct awk_entry *e = awk_array_find(a, key);
    if (!e)
        return;
    struct awk_entry **at = &a->slot[e->hash & (a->nslots - 1)];
    while (*at != e)
        at = &(*at)->next;
    *at = e->next;
    a->count--;
    free_entry(r, e);
}

void awk_array_clear(struct cmd_run *r, struct awk_array *a)
{
    for (size_t i = 0; i < a->nslots; i++)
        for (struct awk_entry *e = a->slot[i], *next; e; e = next) {
            next = e->next;
            free_entry(r, e);
        }
    vm_release(r->p, a->slot, a->nslots * sizeof(*a->slot));
    *a = (struct awk_array){0};
}
