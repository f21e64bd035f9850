/* chmod.c -- chmod, chown, chgrp: who may do what with files.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cmd/cmd.h"
#include "cmd/mode.h"

struct change {
    struct cmd_run *r;
    bool recursive, quiet, verbose, changes;
    bool follow; /* chown: links named as operands */
    /* Applies to one path: 0 or 1 after a message. */
    int (*apply)(struct change *c, const char *path, const struct vfs_stat *st);
    const char *mode; /* chmod */
    uint32_t mask, fixed;
    bool has_fixed, dashed; /* dashed: the mode came as an option */
    int64_t uid, gid;       /* chown; -1: keep */
    int64_t from_uid, from_gid;
    const char *what; /* "ownership", "group" */
};

static int walk(struct change *c, const char *path, bool top)
{
    struct cmd_run *r = c->r;
    struct vfs_stat st;
    bool link_itself = !top || !c->follow;
    int err = link_itself ? vm_lstat(r->p, path, &st) : vm_stat(r->p, path, &st);
    if (err < 0) {
        struct vfs_stat link;
        bool dangling = err == -ENOENT && !link_itself && !vm_lstat(r->p, path, &link);
        if (!c->quiet && dangling && c->mode)
            cmd_warn(r, "cannot operate on dangling symlink %s", cmd_quote(r, path));
        else if (!c->quiet && dangling)
            cmd_warn_err(r, err, "cannot dereference %s", cmd_quote(r, path));
        else if (!c->quiet)
            cmd_warn_err(r, err, "cannot access %s", cmd_quote(r, path));
        if (c->verbose && c->mode)
            vf_printf(r->out, "%s could not be accessed\n", cmd_quote(r, path));
        return 1;
    }
    int status = c->apply(c, path, &st);
    if (!c->recursive || !S_ISDIR(st.mode) || vm_deep(r->p))
        return status;
    struct vm_dirent *e;
    int n = vm_readdir(r->p, path, &e);
    if (n < 0) {
        if (!c->quiet)
            cmd_warn_err(r, n, "cannot read directory %s", cmd_quote(r, path));
        return 1;
    }
    for (int i = 0; i < n; i++) {
        char *child = cmd_path_join(r, path, e[i].name);
        status |= walk(c, child, false);
        vm_release(r->p, child, strlen(child) + 1);
    }
    vm_readdir_free(r->p, e, n);
    return status;
}

static int walk_all(struct change *c, char **paths)
{
    struct cmd_run *r = c->r;
    int status = 0;
    for (char **a = paths; *a; a++) {
        if (c->recursive && cmd_latest(r, "\2\3") == '\3' && !strcmp(*a, "/")) {
            cmd_warn(r, "it is dangerous to operate recursively on '/'");
            cmd_warn(r, "use --no-preserve-root to override this failsafe");
            status = 1;
            continue;
        }
        status |= walk(c, *a, true);
    }
    return status;
}

/* --- chmod ---------------------------------------------------------------------- */

static void mode_words(uint32_t mode, char out[32])
{
    char text[11];
    cmd_mode_text(mode, text);
    str_fmt(out, 32, "%04o (%s)", mode & 07777, text + 1);
}

static int apply_mode(struct change *c, const char *path, const struct vfs_stat *st)
{
    struct cmd_run *r = c->r;
    uint32_t to = c->fixed;
    char was[32], is[32];
    if (S_ISLNK(st->mode)) {
        if (c->verbose)
            vf_printf(r->out, "neither symbolic link %s nor referent has been changed\n",
                      cmd_quote(r, path));
        return 0;
    }
    if (!c->has_fixed && !mode_change(c->mode, st->mode, c->mask, &to))
        return 1;
    int err = vm_chmod(r->p, path, to);
    if (err < 0 && !c->quiet)
        cmd_warn_err(r, err, "changing permissions of %s", cmd_quote(r, path));
    bool changed = (st->mode & 07777) != to;
    mode_words(st->mode, was);
    mode_words(to | (st->mode & S_IFMT), is);
    if (err < 0 && c->verbose)
        vf_printf(r->out, "failed to change mode of %s from %s to %s\n", cmd_quote(r, path), was,
                  is);
    else if (err >= 0 && changed && (c->verbose || c->changes))
        vf_printf(r->out, "mode of %s changed from %s to %s\n", cmd_quote(r, path), was, is);
    else if (err >= 0 && c->verbose)
        vf_printf(r->out, "mode of %s retained as %s\n", cmd_quote(r, path), is);
    /* "chmod -w" that the umask half undid is worth a word. */
    uint32_t naive;
    if (err >= 0 && c->dashed && mode_change(c->mode, st->mode, 0, &naive) &&
        (to & ~naive & 07777)) {
        char a[11], b[11];
        cmd_mode_text(to, a);
        cmd_mode_text(naive, b);
        cmd_warn(r, "%s: new permissions are %s, not %s", cmd_quotef(r, path), a + 1, b + 1);
        return 1;
    }
    return err < 0;
}

static int chmod_run(struct cmd_run *r)
{
    struct change c = {.r = r, .apply = apply_mode, .follow = true};
    struct str mode;
    str_init(&mode, r->arena);
    /* "-x" and the like were parsed as options: put them together again. */
    bool dashed = false;
    for (const char *o = r->opt; *o; o++)
        if (strchr("rwxXstugoa,+=01234567", *o)) {
            const char *arg = r->optarg[o - r->opt];
            str_printf(&mode, "%s-%c%s", dashed ? "," : "", *o, arg ? arg : "");
            dashed = true;
        }
    c.dashed = dashed;
    c.recursive = cmd_has(r, 'R');
    c.quiet = cmd_has(r, 'f');
    c.verbose = cmd_latest(r, "cv") == 'v';
    c.changes = cmd_latest(r, "cv") == 'c';
    c.mask = vm_umask(r->p, 0);
    vm_umask(r->p, c.mask);
    char **files = r->argv;
    const char *ref = cmd_arg(r, '\1');
    struct vfs_stat st;
    uint32_t scratch;
    if (ref) {
        int err = vm_stat(r->p, ref, &st);
        if (err < 0) {
            cmd_warn_err(r, err, "failed to get attributes of %s", cmd_quote(r, ref));
            return 1;
        }
        c.fixed = st.mode & 07777;
        c.has_fixed = true;
        c.mode = "";
    } else {
        if (!dashed && !*files)
            return cmd_missing(r);
        c.mode = dashed ? str_text(&mode) : *files++;
    }
    if (!*files) {
        if (ref || dashed)
            return cmd_missing(r);
        cmd_warn(r, "missing operand after %s", cmd_quotel(r, c.mode));
        return cmd_usage(r);
    }
    if (!ref && !mode_change(c.mode, 0644, c.mask, &scratch)) {
        cmd_warn(r, "invalid mode: %s", cmd_quotel(r, c.mode));
        return cmd_usage(r);
    }
    return walk_all(&c, files);
}

static const char *const chmod_longs[] = {"changes=c",        "recursive=R", "no-preserve-root=\2",
                                          "preserve-root=\3", "quiet=f",     "silent=f",
                                          "reference:=\1",    "verbose=v",   NULL};

const struct cmd cmd_chmod = {
    .name = "chmod",
    .opts = "Rcfvr::w::x::X::s::t::u::g::o::a::,::+::=::0::1::2::3::4::5::6::7::",
    .longs = chmod_longs,
    .run = chmod_run};

/* --- chown, chgrp ----------------------------------------------------------------- */

static const char *owner_text(struct cmd_run *r, int64_t uid, int64_t gid)
{
    const char *u = NULL, *g = NULL;
    if (uid >= 0 && !(u = cmd_user_name(r, (uint32_t)uid)))
        u = vm_asprintf(r->p, "%ld", (long)uid);
    if (gid >= 0 && !(g = cmd_group_name(r, (uint32_t)gid)))
        g = vm_asprintf(r->p, "%ld", (long)gid);
    if (u && g)
        return vm_asprintf(r->p, "%s:%s", u, g);
    return u ? u : g ? vm_asprintf(r->p, "%s", g) : "";
}

static int apply_owner(struct change *c, const char *path, const struct vfs_stat *st)
{
    struct cmd_run *r = c->r;
    if ((c->from_uid >= 0 && st->uid != c->from_uid) ||
        (c->from_gid >= 0 && st->gid != c->from_gid))
        return 0;
    bool link_itself = S_ISLNK(st->mode);
    if (link_itself && c->recursive && !cmd_has(r, 'h') && !cmd_latest(r, "HLP")) {
        struct vfs_stat to;
        if (vm_stat(r->p, path, &to) < 0)
            link_itself = true;
    }
    int err = vm_chown(r->p, path, c->uid, c->gid, !link_itself);
    bool changed = (c->uid >= 0 && st->uid != c->uid) || (c->gid >= 0 && st->gid != c->gid);
    const char *to = owner_text(r, c->uid, c->gid);
    const char *from =
        owner_text(r, c->uid >= 0 ? (int64_t)st->uid : -1, c->gid >= 0 ? (int64_t)st->gid : -1);
    if (err < 0 && !c->quiet)
        cmd_warn_err(r, err, "changing %s of %s", c->what, cmd_quote(r, path));
    if (err < 0 && c->verbose)
        vf_printf(r->out, "failed to change %s of %s from %s to %s\n", c->what, cmd_quote(r, path),
                  from, to);
    else if (err >= 0 && changed && (c->verbose || c->changes))
        vf_printf(r->out, "changed %s of %s from %s to %s\n", c->what, cmd_quote(r, path), from,
                  to);
    else if (err >= 0 && c->verbose)
        vf_printf(r->out, "%s of %s retained as %s\n", c->what, cmd_quote(r, path), to);
    return err < 0;
}

static bool number(const char *s, int64_t *id)
{
    return !str_int(*s == '+' ? s + 1 : s, 0, UINT32_MAX - 1, id);
}

/* "user:group" in its forms: NULL, or what is wrong ("user", "group"). */
static const char *parse_owner(struct cmd_run *r, const char *text, int64_t *uid, int64_t *gid)
{
    const char *colon = strchr(text, ':');
    uint32_t u = 0, ug = 0, g;
    if (!colon && !cmd_user_id(r, text, &u, &ug) && !number(text, uid) && strchr(text, '.')) {
        colon = strchr(text, '.');
        cmd_warn(r, "warning: '.' should be ':': %s", cmd_quotel(r, text));
    }
    size_t n = colon ? (size_t)(colon - text) : strlen(text);
    char *user = vm_asprintf(r->p, "%.*s", (int)n, text);
    bool named = false;
    if (*user) {
        if (cmd_user_id(r, user, &u, &ug)) {
            *uid = u;
            named = true;
        } else if (!number(user, uid)) {
            return "user";
        }
    }
    if (colon && colon[1]) {
        if (cmd_group_id(r, colon + 1, &g))
            *gid = g;
        else if (!number(colon + 1, gid))
            return "group";
    } else if (colon && *user) {
        if (!named)
            return "spec";
        *gid = ug;
    }
    return NULL;
}

static int own_run(struct cmd_run *r, bool group)
{
    struct change c = {
        .r = r, .apply = apply_owner, .uid = -1, .gid = -1, .from_uid = -1, .from_gid = -1};
    c.what = group ? "group" : "ownership";
    c.recursive = cmd_has(r, 'R');
    c.quiet = cmd_has(r, 'f');
    c.verbose = cmd_latest(r, "cv") == 'v';
    c.changes = cmd_latest(r, "cv") == 'c';
    c.follow = cmd_latest(r, "h\6") != 'h' && !(c.recursive && !cmd_latest(r, "HL"));
    char **files = r->argv;
    const char *ref = cmd_arg(r, '\1'), *from = cmd_arg(r, '\5');
    if (r->argc < (ref ? 1 : 2)) {
        if (!r->argc)
            return cmd_missing(r);
        cmd_warn(r, "missing operand after %s", cmd_quotel(r, r->argv[0]));
        return cmd_usage(r);
    }
    const char *wrong = NULL, *spec = from;
    if (from)
        wrong = parse_owner(r, from, &c.from_uid, &c.from_gid);
    struct vfs_stat st;
    if (ref) {
        int err = vm_stat(r->p, ref, &st);
        if (err < 0) {
            cmd_warn_err(r, err, "failed to get attributes of %s", cmd_quote(r, ref));
            return 1;
        }
        c.uid = group ? -1 : (int64_t)st.uid;
        c.gid = st.gid;
    } else if (!wrong && group) {
        uint32_t g;
        spec = *files++;
        if (cmd_group_id(r, spec, &g))
            c.gid = g;
        else if (*spec && !number(spec, &c.gid))
            wrong = "group";
    } else if (!wrong) {
        spec = *files++;
        wrong = parse_owner(r, spec, &c.uid, &c.gid);
        if (c.uid < 0 && c.gid >= 0)
            c.what = "group";
    }
    if (wrong) {
        cmd_warn(r, "invalid %s: %s", wrong, cmd_quotel(r, spec));
        return 1;
    }
    return walk_all(&c, files);
}

static int chown_run(struct cmd_run *r)
{
    return own_run(r, false);
}

static int chgrp_run(struct cmd_run *r)
{
    return own_run(r, true);
}

static const char *const chown_longs[] = {
    "recursive=R",      "changes=c",           "dereference=\6",   "from:=\5",
    "no-dereference=h", "no-preserve-root=\2", "preserve-root=\3", "quiet=f",
    "silent=f",         "reference:=\1",       "verbose=v",        NULL};

const struct cmd cmd_chown = {
    .name = "chown", .opts = "HLPRcfhv", .longs = chown_longs, .run = chown_run};
const struct cmd cmd_chgrp = {
    .name = "chgrp", .opts = "HLPRcfhv", .longs = chown_longs, .run = chgrp_run};
