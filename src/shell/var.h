/* var.h -- variables: scalars, arrays, attributes, scopes.
 *
 * One table holds every name; a name's bindings are a stack (local ones shadow
 * outer ones), so a look-up is one hash whatever the depth of calls. Leaving a
 * function pops the bindings of its level.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef SHELL_VAR_H
#define SHELL_VAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct shell;
struct arena;
struct word;

enum {
    VAR_EXPORT = 1,
    VAR_READONLY = 2,
    VAR_INTEGER = 4,
    VAR_ARRAY = 8,
    VAR_ASSOC = 16,
    VAR_NAMEREF = 32,
    VAR_LOWER = 64,
    VAR_UPPER = 128,
    VAR_CAPITAL = 256,
    VAR_TRACE = 512,
    VAR_DYNAMIC = 1024, /* computed when read */
    VAR_LOCAL = 2048,
    VAR_TEMP = 4096, /* assignment before a command */
    VAR_NOUNSET = 8192
};

struct elem {      /* of an array */
    int64_t index; /* indexed */
    char *key;     /* associative */
    uint32_t hash;
    char *val;
};

struct array {
    struct elem *e; /* indexed: by index; associative: in order of insertion */
    size_t n, cap;
    uint32_t *slots; /* associative: index + 1 into e by hash; 0 free */
    size_t nslots;
};

struct var {
    struct var *shadow; /* the binding this one hides */
    char *name;
    unsigned flags;
    int level;
    char *val; /* NULL: unset */
    size_t len, cap;
    struct array *arr;
    int dyn;
};

struct var_table {
    struct var **slot; /* open hash of top bindings */
    uint32_t *hash;
    size_t n, cap;
    struct var **locals; /* stack of bindings above level 0, innermost last */
    size_t nlocals, locals_cap;
    struct var **temps;
    size_t ntemps, temps_cap;
};

void var_init(struct shell *sh);
/* The visible binding, namerefs not followed; NULL if none. It may be unset. */
struct var *var_find(struct shell *sh, const char *name);
/* Follows namerefs. *sub (may be NULL) gets the subscript text of a reference
 * to an element. NULL: no such variable; *name is then the final name. */
struct var *var_deref(struct shell *sh, const char **name, const char **sub);
/* Makes a binding in the given level if there is none there. */
struct var *var_local(struct shell *sh, const char *name, int level);
struct var *var_global(struct shell *sh, const char *name); /* below all locals */
struct var *var_make(struct shell *sh, const char *name);   /* global unless it exists */

/* The scalar value or element 0; NULL if unset. Valid until the next change. */
const char *var_get(struct shell *sh, const char *name);
const char *var_value(struct shell *sh, struct var *v);

/* Assignments: integer and case attributes apply, readonly is refused with a
 * message. True if assigned. Namerefs are followed. */
bool var_set(struct shell *sh, const char *name, const char *value);
bool var_append(struct shell *sh, const char *name, const char *value);
bool var_assign(struct shell *sh, struct var *v, const char *value, bool append);
void var_set_int(struct shell *sh, const char *name, int64_t n);
/* To an element; sub is text after expansion. */
bool var_set_elem(struct shell *sh, const char *name, const char *sub, const char *value,
                  bool append);
bool var_assign_elem(struct shell *sh, struct var *v, const char *sub, const char *value,
                     bool append);
bool var_readonly(struct shell *sh, struct var *v); /* says so if it is */
/* Unsets: 0, or 1 with a message (readonly). */
int var_unset(struct shell *sh, const char *name);
int var_unset_elem(struct shell *sh, struct var *v, const char *sub);
void var_clear(struct shell *sh, struct var *v); /* value and elements */
void var_export(struct shell *sh, const char *name);
/* Leaves level: pops its bindings. */
void var_pop(struct shell *sh, int level);
/* Bindings for the time of one builtin (x=1 read ...): pushed, popped to a mark. */
struct var *var_temp_push(struct shell *sh, const char *name);
void var_temp_pop(struct shell *sh, size_t mark);
/* All visible names sorted; NULL-ended, in scratch memory. */
struct var **var_sorted(struct shell *sh, const char *prefix, size_t *n);
/* NAME=value of all exported ones, in scratch memory. */
char **var_environ(struct shell *sh);
void var_clone(struct shell *to, const struct shell *from);
bool var_is_set(struct shell *sh, struct var *v);

/* --- arrays ----------------------------------------------------------------- */
struct array *array_new(struct shell *sh);
void array_free(struct shell *sh, struct array *a, bool assoc);
const char *array_get(const struct array *a, int64_t i);
void array_set(struct shell *sh, struct array *a, int64_t i, const char *value);
bool array_unset(struct shell *sh, struct array *a, int64_t i);
const char *assoc_get(const struct array *a, const char *key);
void assoc_set(struct shell *sh, struct array *a, const char *key, const char *value);
bool assoc_unset(struct shell *sh, struct array *a, const char *key);
/* Elements in the order bash lists them: indexes into a->e, scratch memory. */
size_t *assoc_order(struct shell *sh, const struct array *a);
int64_t array_next_index(const struct array *a);
/* Makes v an array (indexed unless assoc), keeping a scalar as element 0. */
bool var_make_array(struct shell *sh, struct var *v, bool assoc);
/* The array of v for reading, computed for dynamic ones; NULL if it is none. */
struct array *var_array(struct shell *sh, struct var *v);

/* --- dynamic ones (dynvar.c) ----------------------------------------------------- */
enum {
    DYN_NONE,
    DYN_RANDOM,
    DYN_SRANDOM,
    DYN_SECONDS,
    DYN_LINENO,
    DYN_BASHPID,
    DYN_EPOCHSECONDS,
    DYN_EPOCHREALTIME,
    DYN_SUBSHELL,
    DYN_COMMAND,
    DYN_FUNCNAME,
    DYN_SOURCE,
    DYN_BASH_LINENO,
    DYN_PIPESTATUS,
    DYN_DIRSTACK,
    DYN_GROUPS,
    DYN_SHELLOPTS,
    DYN_BASHOPTS,
    DYN_HISTCMD,
    DYN_ALIASES,
    DYN_CMDS,
    DYN_ARGV0,
    DYN_ARGC,
    DYN_ARGV,
    DYN_UNDERSCORE
};
void dynvar_init(struct shell *sh);
const char *dynvar_value(struct shell *sh, struct var *v);
struct array *dynvar_array(struct shell *sh, struct var *v);
/* An assignment to a dynamic variable: true if it takes care of it. */
bool dynvar_assign(struct shell *sh, struct var *v, const char *value);

#endif
