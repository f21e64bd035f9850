/* attrs.c -- attributes of files: chattr, lsattr.
 *
 * They speak through e2fsprogs' com_err, so their messages differ from those
 * of everyone else.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "cmd/cmd.h"

/* In the order lsattr prints them. */
static const struct {
    char letter;
    uint32_t bit;
    const char *name;
} attrs[] = {{'s', 0x1, "Secure_Deletion"},
             {'u', 0x2, "Undelete"},
             {'S', 0x8, "Synchronous_Updates"},
             {'D', 0x10000, "Synchronous_Directory_Updates"},
             {'i', 0x10, "Immutable"},
             {'a', 0x20, "Append_Only"},
             {'d', 0x40, "No_Dump"},
             {'A', 0x80, "No_Atime"},
             {'c', 0x4, "Compression_Requested"},
             {'E', 0x800, "Encrypted"},
             {'j', 0x4000, "Journaled_Data"},
             {'I', 0x1000, "Indexed_directory"},
             {'t', 0x8000, "No_Tailmerging"},
             {'T', 0x20000, "Top_of_Directory_Hierarchies"},
             {'e', 0x80000, "Extents"},
             {'C', 0x800000, "No_COW"},
             {'x', 0x2000000, "DAX"},
             {'F', 0x40000000, "Casefold"},
             {'N', 0x10000000, "Inline_Data"},
             {'P', 0x20000000, "Project_Hierarchy"},
             {'V', 0x100000, "Verity"},
             {'m', 0x400, "Dont_Compress"}};

enum { ATTRS = sizeof(attrs) / sizeof(*attrs), SHOWN = ATTRS };

static const char usage_text[] =
    "Usage: chattr [-RVf] [-+=aAcCdDeijPsStTuFx] [-p project] [-v version] files...\n";
static const char settable[] = "aAcCdDeijPsStTuFx";

static void letters(uint32_t bits, char out[ATTRS + 1])
{
    for (int i = 0; i < ATTRS; i++)
        out[i] = bits & attrs[i].bit ? attrs[i].letter : '-';
    out[SHOWN] = '\0';
}

/* --- chattr -------------------------------------------------------------------------- */

struct chattr {
    struct cmd_run *r;
    uint32_t add, remove, set;
    bool sets, recursive, verbose, quiet;
};

/* One word of letters after - + or =: false if one of them is unknown. */
static bool take_word(struct chattr *c, const char *word)
{
    for (const char *s = word + 1; *s; s++) {
        if (*word == '-' && *s == 'R') {
            c->recursive = true;
        } else if (*word == '-' && *s == 'V') {
            c->verbose = true;
        } else if (*word == '-' && *s == 'f') {
            c->quiet = true;
        } else {
            if (!strchr(settable, *s))
                return false;
            for (int i = 0; i < ATTRS; i++)
                if (attrs[i].letter == *s)
                    *(*word == '+' ? &c->add : *word == '-' ? &c->remove : &c->set) |= attrs[i].bit;
        }
    }
    c->sets |= *word == '=';
    return true;
}

static int change(struct chattr *c, const char *path)
{
    struct cmd_run *r = c->r;
    struct vfs_stat st;
    uint32_t bits;
    int err = vm_lstat(r->p, path, &st);
    if (err < 0) {
        if (!c->quiet)
            vf_printf(r->err, "chattr: %s while trying to stat %s\n", vm_strerror(-err), path);
        return 1;
    }
    if (S_ISLNK(st.mode) && c->recursive)
        return 0;
    err = S_ISREG(st.mode) || S_ISDIR(st.mode) ? vm_getattrs(r->p, path, &bits) : -EOPNOTSUPP;
    if (err < 0) {
        if (!c->quiet)
            vf_printf(r->err, "chattr: %s while reading flags on %s\n", vm_strerror(-err), path);
        return 1;
    }
    bits = c->sets ? c->set : (bits & ~c->remove) | c->add;
    if (c->verbose) {
        char text[ATTRS + 1];
        letters(bits, text);
        vf_printf(r->out, "Flags of %s set as %s\n", path, text);
    }
    err = vm_setattrs(r->p, path, bits);
    if (err < 0 && !c->quiet)
        vf_printf(r->err, "chattr: %s while setting flags on %s\n", vm_strerror(-err), path);
    int status = err < 0;
    struct vm_dirent *e;
    int n = c->recursive && S_ISDIR(st.mode) && !vm_deep(r->p) ? vm_readdir(r->p, path, &e) : 0;
    for (int i = 0; i < n; i++) {
        char *child = cmd_path_join(r, path, e[i].name);
        status |= change(c, child);
        vm_release(r->p, child, strlen(child) + 1);
    }
    return status;
}

static int chattr_run(struct cmd_run *r)
{
    struct chattr c = {.r = r};
    char **a = r->argv;
    for (; *a && strchr("-+=", **a) && **a; a++) {
        if (!strcmp(*a, "--")) {
            a++;
            break;
        }
        if ((!strcmp(*a, "-p") || !strcmp(*a, "-v")) && a[1]) {
            a++;
            continue;
        }
        if (!take_word(&c, *a)) {
            vf_puts(r->err, usage_text);
            return 1;
        }
    }
    if (!*a) {
        vf_puts(r->err, usage_text);
        return 1;
    }
    if (c.sets && (c.add || c.remove)) {
        vf_puts(r->err, "= is incompatible with - and +\n");
        return 1;
    }
    if (c.add & c.remove) {
        vf_puts(r->err, "Can't both set and unset same flag.\n");
        return 1;
    }
    if (!c.add && !c.remove && !c.sets) {
        vf_puts(r->err, "Must use '-v', =, - or +\n");
        return 1;
    }
    if (c.verbose)
        vf_puts(r->err, "chattr 1.47.0 (5-Feb-2023)\n");
    int status = 0;
    for (; *a; a++)
        status |= change(&c, *a);
    return status;
}

/* --- lsattr -------------------------------------------------------------------------- */

static int show(struct cmd_run *r, const char *path)
{
    uint32_t bits;
    struct vfs_stat st;
    int err = vm_lstat(r->p, path, &st);
    if (!err)
        err = S_ISREG(st.mode) || S_ISDIR(st.mode) ? vm_getattrs(r->p, path, &bits) : -EOPNOTSUPP;
    if (err == -ENOTTY)
        err = -EOPNOTSUPP;
    if (err < 0) {
        vf_printf(r->err, "lsattr: %s While reading flags on %s\n", vm_strerror(-err), path);
        return 1;
    }
    if (cmd_has(r, 'l')) {
        vf_printf(r->out, "%-28s ", path);
        bool any = false;
        for (int i = 0; i < ATTRS; i++)
            if (bits & attrs[i].bit) {
                vf_printf(r->out, "%s%s", any ? ", " : "", attrs[i].name);
                any = true;
            }
        vf_puts(r->out, any ? "\n" : "---\n");
        return 0;
    }
    char text[ATTRS + 1];
    letters(bits, text);
    vf_printf(r->out, "%s %s\n", text, path);
    return 0;
}

static int show_dir(struct cmd_run *r, const char *path)
{
    struct vm_dirent *e;
    int n = vm_readdir(r->p, path, &e), status = 0;
    if (n < 0 || vm_deep(r->p))
        return 1;
    /* . and .. come with -a, in the order of a fresh directory. */
    for (int i = cmd_has(r, 'a') ? -2 : 0; i < n; i++) {
        const char *name = i == -2 ? "." : i == -1 ? ".." : e[i].name;
        if (i >= 0 && *name == '.' && !cmd_has(r, 'a'))
            continue;
        char *child = cmd_path_join(r, path, name);
        struct vfs_stat st;
        if (!vm_lstat(r->p, child, &st) && !S_ISLNK(st.mode)) {
            status |= show(r, child);
            if (i >= 0 && S_ISDIR(st.mode) && cmd_has(r, 'R')) {
                vf_printf(r->out, "\n%s:\n", child);
                status |= show_dir(r, child);
                vf_putc(r->out, '\n');
            }
        }
        vm_release(r->p, child, strlen(child) + 1);
    }
    return status;
}

static int lsattr_run(struct cmd_run *r)
{
    int status = 0;
    char dot[] = ".", *here[] = {dot, NULL};
    if (cmd_has(r, 'V'))
        vf_puts(r->err, "lsattr 1.47.0 (5-Feb-2023)\n");
    for (char **a = r->argc ? r->argv : here; *a; a++) {
        struct vfs_stat st;
        int err = vm_lstat(r->p, *a, &st);
        if (err < 0) {
            vf_printf(r->err, "lsattr: %s while trying to stat %s\n", vm_strerror(-err), *a);
            status = 1;
        } else if (S_ISDIR(st.mode) && !cmd_has(r, 'd')) {
            status |= show_dir(r, *a);
        } else {
            status |= show(r, *a);
        }
    }
    return status;
}

const struct cmd cmd_chattr = {.name = "chattr", .run = chattr_run, .flags = CMD_RAW | CMD_NO_TEXT};
const struct cmd cmd_lsattr = {.name = "lsattr",
                               .opts = "RVadlpv",
                               .run = lsattr_run,
                               .flags = CMD_NO_TEXT,
                               .try = "Usage: %s [-RVadlpv] [files...]\n"};
