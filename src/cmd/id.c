/* id.c -- who one is: id, whoami, groups, logname, users, tty.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <errno.h>
#include <string.h>

#include "cmd/cmd.h"

struct identity {
    const char *name; /* NULL: a number without a name */
    uint32_t uid, euid, gid, egid;
    uint32_t groups[64];
    size_t ngroups;
};

/* The groups of a user by name, from /etc/group; the first is gid. */
static void add_groups(struct cmd_run *r, struct identity *who)
{
    int err;
    struct vfile *f = vf_open(r->p, "/etc/group", "re", &err);
    size_t n, len = strlen(who->name);
    who->groups[who->ngroups++] = who->gid;
    for (char *line; f && (line = vf_getline(f, &n)) && who->ngroups < 64;) {
        line[strcspn(line, "\n")] = '\0';
        char *s = line, *name = strsep(&s, ":");
        char *id = (strsep(&s, ":"), strsep(&s, ":"));
        int64_t gid;
        (void)name;
        if (!id || !s || str_int(id, 0, UINT32_MAX, &gid) || gid == who->gid)
            continue;
        for (char *m; (m = strsep(&s, ","));)
            if (strlen(m) == len && !memcmp(m, who->name, len)) {
                who->groups[who->ngroups++] = (uint32_t)gid;
                break;
            }
    }
    if (f)
        (void)vf_close(f);
}

static void me(struct cmd_run *r, struct identity *who)
{
    const struct vfs_cred *c = vm_cred(r->p);
    *who = (struct identity){.uid = vm_getuid(r->p),
                             .euid = vm_geteuid(r->p),
                             .gid = vm_getgid(r->p),
                             .egid = vm_getegid(r->p)};
    who->groups[who->ngroups++] = who->gid;
    for (unsigned i = 0; i < c->ngroups; i++)
        if (c->groups[i] != who->gid)
            who->groups[who->ngroups++] = c->groups[i];
    who->name = cmd_user_name(r, who->euid);
}

static bool somebody(struct cmd_run *r, const char *name, struct identity *who)
{
    int64_t id;
    *who = (struct identity){0};
    if (!cmd_user_id(r, name, &who->uid, &who->gid)) {
        const char *n;
        if (str_int(*name == '+' ? name + 1 : name, 0, UINT32_MAX, &id) ||
            !(n = cmd_user_name(r, (uint32_t)id)))
            return false;
        name = n;
        cmd_user_id(r, name, &who->uid, &who->gid);
    }
    who->name = name;
    who->euid = who->uid;
    who->egid = who->gid;
    add_groups(r, who);
    return true;
}

static void put_id(struct cmd_run *r, const char *label, uint32_t id, bool group)
{
    const char *name = group ? cmd_group_name(r, id) : cmd_user_name(r, id);
    vf_printf(r->out, name ? "%s%u(%s)" : "%s%u", label, id, name);
}

static void put_all(struct cmd_run *r, const struct identity *who)
{
    put_id(r, "uid=", who->uid, false);
    put_id(r, " gid=", who->gid, true);
    if (who->euid != who->uid)
        put_id(r, " euid=", who->euid, false);
    if (who->egid != who->gid)
        put_id(r, " egid=", who->egid, true);
    for (size_t i = 0; i < who->ngroups; i++)
        put_id(r, i ? "," : " groups=", who->groups[i], true);
}

static int put_names(struct cmd_run *r, const struct identity *who, int what)
{
    bool names = cmd_has(r, 'n'), real = cmd_has(r, 'r');
    const char sep = cmd_has(r, 'z') ? '\0' : ' ';
    int status = 0;
    uint32_t one = what == 'u' ? (real ? who->uid : who->euid) : real ? who->gid : who->egid;
    const uint32_t *ids = what == 'G' ? who->groups : &one;
    size_t n = what == 'G' ? who->ngroups : 1;
    for (size_t i = 0; i < n; i++) {
        const char *name = !names        ? NULL
                           : what == 'u' ? cmd_user_name(r, ids[i])
                                         : cmd_group_name(r, ids[i]);
        if (names && !name) {
            cmd_warn(r, "cannot find name for %s ID %u", what == 'u' ? "user" : "group", ids[i]);
            status = 1;
        }
        if (i)
            vf_putc(r->out, sep);
        vf_printf(r->out, name ? "%s" : "%.0s%u", name ? name : "", ids[i]);
    }
    return status;
}

static int id_run(struct cmd_run *r)
{
    int kinds = cmd_has(r, 'u') + cmd_has(r, 'g') + cmd_has(r, 'G');
    int what = cmd_latest(r, "ugG"), status = 0;
    char end = cmd_has(r, 'z') ? '\0' : '\n';
    if (cmd_has(r, 'Z')) {
        cmd_warn(r, "--context (-Z) works only on an SELinux-enabled kernel");
        return 1;
    }
    if (kinds > 1) {
        cmd_warn(r, "cannot print \"only\" of more than one choice");
        return 1;
    }
    if (!kinds && (cmd_has(r, 'r') || cmd_has(r, 'n'))) {
        cmd_warn(r, "cannot print only names or real IDs in default format");
        return 1;
    }
    if (!kinds && cmd_has(r, 'z')) {
        cmd_warn(r, "option --zero not permitted in default format");
        return 1;
    }
    struct identity who;
    for (int i = 0; i < (r->argc ? r->argc : 1); i++) {
        if (!r->argc)
            me(r, &who);
        else if (!somebody(r, r->argv[i], &who)) {
            cmd_warn(r, "%s: no such user", cmd_quotel(r, r->argv[i]));
            status = 1;
            continue;
        }
        if (what)
            status |= put_names(r, &who, what);
        else
            put_all(r, &who);
        vf_putc(r->out, end);
    }
    return status;
}

static const char *const id_longs[] = {"context=Z", "group=g", "groups=G", "name=n",
                                       "real=r",    "user=u",  "zero=z",   NULL};

const struct cmd cmd_id = {.name = "id", .opts = "agnruzGZ", .longs = id_longs, .run = id_run};

static int groups_run(struct cmd_run *r)
{
    struct identity who;
    int status = 0;
    for (int i = 0; i < (r->argc ? r->argc : 1); i++) {
        if (!r->argc)
            me(r, &who);
        else if (!somebody(r, r->argv[i], &who)) {
            cmd_warn(r, "%s: no such user", cmd_quotel(r, r->argv[i]));
            status = 1;
            continue;
        }
        if (r->argc)
            vf_printf(r->out, "%s :", r->argv[i]);
        for (size_t k = 0; k < who.ngroups; k++) {
            const char *name = cmd_group_name(r, who.groups[k]);
            if (k || r->argc)
                vf_putc(r->out, ' ');
            vf_printf(r->out, name ? "%s" : "%.0s%u", name ? name : "", who.groups[k]);
        }
        vf_putc(r->out, '\n');
    }
    return status;
}

const struct cmd cmd_groups = {.name = "groups", .opts = "", .run = groups_run};

static int whoami_run(struct cmd_run *r)
{
    if (r->argc)
        return cmd_extra(r, r->argv[0]);
    const char *name = cmd_user_name(r, vm_geteuid(r->p));
    if (!name) {
        cmd_warn(r, "cannot find name for user ID %u", vm_geteuid(r->p));
        return 1;
    }
    vf_printf(r->out, "%s\n", name);
    return 0;
}

const struct cmd cmd_whoami = {.name = "whoami", .opts = "", .run = whoami_run};

static int logname_run(struct cmd_run *r)
{
    if (r->argc)
        return cmd_extra(r, r->argv[0]);
    char tty[32];
    const char *name = vm_getenv(r->p, "LOGNAME");
    if (vm_ttyname(r->p, 0, tty, sizeof(tty)) < 0 || !name) {
        cmd_warn(r, "no login name");
        return 1;
    }
    vf_printf(r->out, "%s\n", name);
    return 0;
}

const struct cmd cmd_logname = {.name = "logname", .opts = "", .run = logname_run};

static int tty_run(struct cmd_run *r)
{
    char name[64];
    if (r->argc) {
        cmd_extra(r, r->argv[0]);
        return 2;
    }
    int err = vm_ttyname(r->p, 0, name, sizeof(name));
    if (!cmd_has(r, 's'))
        vf_printf(r->out, "%s\n", err < 0 ? "not a tty" : name);
    return err < 0;
}

static const char *const tty_longs[] = {"silent=s", "quiet=s", NULL};

const struct cmd cmd_tty = {
    .name = "tty", .opts = "s", .longs = tty_longs, .run = tty_run, .usage_status = 2};
