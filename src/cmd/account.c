/* account.c -- the machine's accounts: passwd, chpasswd, useradd, usermod,
 * userdel, groupadd, groupdel, adduser, chsh, chage.
 *
 * They edit /etc/passwd, shadow, group and gshadow of the virtual disk. Nobody
 * can check a password against a hash here, so new hashes only look like
 * yescrypt's; who may log in with what is the sensor's business.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <errno.h>
#include <string.h>

#include "cmd/sys.h"

enum { FIELDS = 9, ID_MAX = 60000 };

static const char *day_of(struct cmd_run *r)
{
    return vm_asprintf(r->p, "%lld", (long long)(vm_now(r->p).tv_sec / 86400));
}

static const char *new_hash(struct cmd_run *r)
{
    static const char set[] = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    char text[] = "$y$j9T$----------------------$-------------------------------------------";
    for (char *c = text; *c; c++)
        if (*c == '-')
            *c = set[vm_random(r->p) % 64];
    return vm_strdup(r->p, text);
}

/* --- lines of the account files ---------------------------------------------------- */
/* The fields of the line that begins "name:", or false. */
static bool entry(struct cmd_run *r, const char *file, const char *name, char *field[FIELDS])
{
    char *at = sys_slurp(r, file, NULL, NULL), *line;
    size_t n = strlen(name);
    while ((line = sys_line(&at)))
        if (!strncmp(line, name, n) && line[n] == ':') {
            for (int i = 0; i < FIELDS; i++)
                field[i] = NULL;
            (void)sys_fields(line, ':', field, FIELDS);
            return true;
        }
    return false;
}

/* Replaces the line of name (NULL text: removes it; none there: appended). */
static int put_line(struct cmd_run *r, const char *file, const char *name, const char *text)
{
    char *at = sys_slurp(r, file, NULL, NULL), *line;
    size_t n = strlen(name);
    bool done = false;
    struct str b;
    str_init(&b, r->arena);
    while ((line = sys_line(&at))) {
        bool it = !strncmp(line, name, n) && line[n] == ':';
        if (it && text)
            str_printf(&b, "%s\n", text);
        else if (!it)
            str_printf(&b, "%s\n", line);
        done |= it;
    }
    if (!done && text)
        str_printf(&b, "%s\n", text);
    bool secret = strstr(file, "shadow") != NULL;
    return sys_spill(r, file, str_text(&b), b.n, secret ? 0640 : 0644);
}

static const char *join(struct cmd_run *r, char *const *field, int n)
{
    struct str b;
    str_init(&b, r->arena);
    for (int i = 0; i < n; i++)
        str_printf(&b, "%s%s", i ? ":" : "", field[i] ? field[i] : "");
    return str_text(&b);
}

static int set_field(struct cmd_run *r, const char *file, const char *name, int i, const char *v)
{
    char *field[FIELDS];
    if (!entry(r, file, name, field))
        return -ENOENT;
    field[i] = vm_strdup(r->p, v);
    return put_line(r, file, name,
                    join(r, field,
                         strstr(file, "/shadow")  ? 9
                         : strstr(file, "passwd") ? 7
                                                  : 4));
}

static int set_password(struct cmd_run *r, const char *user, const char *hash)
{
    char *field[FIELDS];
    if (!entry(r, "/etc/shadow", user, field))
        return put_line(r, "/etc/shadow", user,
                        vm_asprintf(r->p, "%s:%s:%s:0:99999:7:::", user, hash, day_of(r)));
    field[1] = vm_strdup(r->p, hash);
    field[2] = vm_strdup(r->p, day_of(r));
    return put_line(r, "/etc/shadow", user, join(r, field, 9));
}

/* The lowest free id in a file from first on. */
static uint32_t free_id(struct cmd_run *r, const char *file, uint32_t first, uint32_t last)
{
    char *at = sys_slurp(r, file, NULL, NULL), *line, *field[FIELDS];
    uint32_t highest = first - 1;
    while ((line = sys_line(&at))) {
        int64_t id;
        if (sys_fields(line, ':', field, FIELDS) > 2 && !str_int(field[2], first, last, &id) &&
            id > highest)
            highest = (uint32_t)id;
    }
    return highest + 1;
}

static bool is_root(struct cmd_run *r, const char *file)
{
    if (vm_geteuid(r->p) == 0)
        return true;
    vf_printf(r->err, "%s: Permission denied.\n%s: cannot lock %s; try again later.\n", r->name,
              r->name, file);
    return false;
}

/* --- passwd ------------------------------------------------------------------------- */
static int unchanged(struct cmd_run *r)
{
    vf_printf(r->err,
              "passwd: Authentication token manipulation error\npasswd: password unchanged\n");
    return 10;
}

static int ask_twice(struct cmd_run *r, const char *user)
{
    for (int i = 0; i < 3; i++) {
        const char *a = sys_ask_secret(r, "New password: ");
        if (!a) {
            vf_puts(r->err, "Password change has been aborted.\n");
            return unchanged(r);
        }
        if (!*a) {
            vf_puts(r->err, "No password has been supplied.\n");
            continue;
        }
        if (vm_getuid(r->p) && strlen(a) < 6) {
            vf_puts(r->err, "You must choose a longer password.\n");
            continue;
        }
        const char *b = sys_ask_secret(r, "Retype new password: ");
        if (!b || strcmp(a, b) != 0) {
            vf_puts(r->err, "Sorry, passwords do not match.\n");
            return unchanged(r);
        }
        (void)set_password(r, user, new_hash(r));
        vf_puts(r->err, "passwd: password updated successfully\n");
        return 0;
    }
    return unchanged(r);
}

static void show_status(struct cmd_run *r, const char *user, char *const *f)
{
    int64_t days = 0;
    struct tm tm;
    char when[16];
    if (!f[2] || str_int(f[2], 0, 1000000, &days))
        days = 0;
    time_t t = days * 86400;
    (void)gmtime_r(&t, &tm);
    (void)strftime(when, sizeof(when), "%Y-%m-%d", &tm);
    char kind = !*f[1] ? 'N' : *f[1] == '!' || *f[1] == '*' ? 'L' : 'P';
    vf_printf(r->out, "%s %c %s %s %s %s %s\n", user, kind, when, *f[3] ? f[3] : "-1",
              *f[4] ? f[4] : "-1", *f[5] ? f[5] : "-1", f[6] && *f[6] ? f[6] : "-1");
}

static int passwd_run(struct cmd_run *r)
{
    const char *me = cmd_user_name(r, vm_getuid(r->p)), *user = r->argc ? r->argv[0] : me;
    char *field[FIELDS], *f[FIELDS];
    if (!user || !entry(r, "/etc/passwd", user, field)) {
        vf_printf(r->err, "passwd: user '%s' does not exist\n", user ? user : "?");
        return 1;
    }
    bool root = vm_getuid(r->p) == 0, other = !me || strcmp(me, user) != 0;
    int change = cmd_latest(r, "ludSexnwi");
    if (!root && (other || (change && change != 'S'))) {
        vf_printf(r->err,
                  change ? "passwd: Permission denied.\n"
                         : "passwd: You may not view or modify password information for %s.\n",
                  user);
        return 1;
    }
    /* passwd is set-user-id. */
    if (!root)
        (void)vm_setuid(r->p, 0, 0);
    bool known = entry(r, "/etc/shadow", user, f);
    switch (change) {
    case 'S':
        if (known)
            show_status(r, user, f);
        return 0;
    case 'l':
    case 'u':
    case 'd': {
        const char *h = known ? f[1] : "";
        h += change == 'u' && *h == '!';
        (void)set_field(r, "/etc/shadow", user, 1,
                        change == 'd'   ? ""
                        : change == 'l' ? vm_asprintf(r->p, "!%s", h)
                                        : h);
        vf_puts(r->out, "passwd: password changed.\n");
        return 0;
    }
    case 'e':
    case 'x':
    case 'n':
    case 'w':
    case 'i':
        vf_puts(r->out, "passwd: password changed.\n");
        return 0;
    default:
        break;
    }
    if (!root) {
        vf_printf(r->err, "Changing password for %s.\n", user);
        const char *old = sys_ask_secret(r, "Current password: ");
        if (!old || !*old)
            return unchanged(r);
    }
    return ask_twice(r, user);
}

static const char *const passwd_longs[] = {
    "all=a",         "delete=d",      "expire=e",   "help=h",
    "keep-tokens=k", "inactive:=i",   "lock=l",     "mindays:=n",
    "quiet=q",       "repository:=r", "root:=R",    "status=S",
    "unlock=u",      "warndays:=w",   "maxdays:=x", NULL};

const struct cmd cmd_passwd = {.name = "passwd",
                               .opts = "adehi:kln:qr:R:Suw:x:",
                               .longs = passwd_longs,
                               .flags = CMD_HELP_ERR,
                               .usage_status = 2,
                               .run = passwd_run};

/* --- chpasswd ------------------------------------------------------------------------ */
static int chpasswd_run(struct cmd_run *r)
{
    size_t n;
    int number = 0, bad = 0;
    char *field[FIELDS];
    if (vm_geteuid(r->p) != 0) {
        vf_puts(r->err, "chpasswd: Authentication failure\n");
        return 1;
    }
    for (char *line; (line = vf_getline(r->in, &n));) {
        number++;
        line[strcspn(line, "\n")] = '\0';
        char *colon = strchr(line, ':');
        if (!colon) {
            vf_printf(r->err, "chpasswd: line %d: missing new password\n", number);
            bad++;
            continue;
        }
        *colon = '\0';
        const char *user = vm_strdup(r->p, line);
        if (!entry(r, "/etc/passwd", user, field)) {
            vf_printf(r->err,
                      "chpasswd: (user %s) pam_chauthtok() failed, error:\nAuthentication token "
                      "manipulation error\nchpasswd: (line %d, user %s) password not changed\n",
                      user, number, user);
            bad++;
            continue;
        }
        bool hashed = cmd_has(r, 'e');
        (void)set_password(r, user, hashed ? vm_strdup(r->p, colon + 1) : new_hash(r));
    }
    return bad ? 1 : 0;
}

static const char *const chpasswd_longs[] = {"crypt-method:=c", "encrypted=e",   "md5=m",
                                             "root:=R",         "sha-rounds:=s", NULL};

const struct cmd cmd_chpasswd = {.name = "chpasswd",
                                 .opts = "c:ehmR:s:",
                                 .longs = chpasswd_longs,
                                 .flags = CMD_HELP_ERR,
                                 .run = chpasswd_run};

/* --- groups --------------------------------------------------------------------------- */
static int add_group(struct cmd_run *r, const char *name, uint32_t gid)
{
    int err = put_line(r, "/etc/group", name, vm_asprintf(r->p, "%s:x:%u:", name, gid));
    return err ? err : put_line(r, "/etc/gshadow", name, vm_asprintf(r->p, "%s:!::", name));
}

static bool in_group(const char *members, const char *user)
{
    size_t n = strlen(user);
    for (const char *m = members; m && *m; m = strchr(m, ',') ? strchr(m, ',') + 1 : NULL)
        if (!strncmp(m, user, n) && (!m[n] || m[n] == ','))
            return true;
    return false;
}

/* Adds user to a comma-separated list of groups: false after a message. */
static bool join_groups(struct cmd_run *r, const char *list, const char *user)
{
    char *copy = vm_strdup(r->p, list), *name, *field[FIELDS];
    while ((name = strsep(&copy, ","))) {
        if (!entry(r, "/etc/group", name, field)) {
            vf_printf(r->err, "%s: group '%s' does not exist\n", r->name, name);
            return false;
        }
        const char *old = field[3] ? field[3] : "";
        if (!in_group(old, user))
            (void)set_field(r, "/etc/group", name, 3,
                            vm_asprintf(r->p, "%s%s%s", old, *old ? "," : "", user));
    }
    return true;
}

static int groupadd_run(struct cmd_run *r)
{
    char *field[FIELDS];
    int64_t gid;
    if (r->argc != 1)
        return cmd_usage(r);
    if (!is_root(r, "/etc/group"))
        return 10;
    if (entry(r, "/etc/group", r->argv[0], field)) {
        cmd_warn(r, "group '%s' already exists", r->argv[0]);
        return cmd_has(r, 'f') ? 0 : 9;
    }
    if (!cmd_arg(r, 'g') || str_int(cmd_arg(r, 'g'), 0, UINT32_MAX, &gid))
        gid = cmd_has(r, 'r') ? free_id(r, "/etc/group", 101, 999)
                              : free_id(r, "/etc/group", 1000, ID_MAX);
    return add_group(r, r->argv[0], (uint32_t)gid) ? 10 : 0;
}

static const char *const groupadd_longs[] = {"force=f",     "gid:=g",   "key:=K",  "non-unique=o",
                                             "password:=p", "system=r", "root:=R", NULL};

const struct cmd cmd_groupadd = {.name = "groupadd",
                                 .opts = "fg:hK:op:rR:P:U:",
                                 .longs = groupadd_longs,
                                 .flags = CMD_HELP_ERR,
                                 .usage_status = 2,
                                 .run = groupadd_run};

static int groupdel_run(struct cmd_run *r)
{
    char *field[FIELDS];
    if (r->argc != 1)
        return cmd_usage(r);
    if (!is_root(r, "/etc/group"))
        return 10;
    if (!entry(r, "/etc/group", r->argv[0], field)) {
        cmd_warn(r, "group '%s' does not exist", r->argv[0]);
        return 6;
    }
    (void)put_line(r, "/etc/gshadow", r->argv[0], NULL);
    return put_line(r, "/etc/group", r->argv[0], NULL) ? 10 : 0;
}

const struct cmd cmd_groupdel = {.name = "groupdel",
                                 .opts = "fhR:P:",
                                 .flags = CMD_HELP_ERR,
                                 .usage_status = 2,
                                 .run = groupdel_run};

/* --- users ------------------------------------------------------------------------------ */
struct newuser {
    const char *name, *home, *shell, *comment, *hash;
    uint32_t uid, gid;
    bool make_home;
};

static void make_home(struct cmd_run *r, const struct newuser *u)
{
    static const char *const files[] = {".bash_logout", ".bashrc", ".profile"};
    if (vm_mkdir(r->p, u->home, 0755) < 0)
        return;
    (void)vm_chown(r->p, u->home, u->uid, u->gid, false);
    for (size_t i = 0; i < 3; i++) {
        size_t n;
        const char *text = sys_slurp(r, vm_asprintf(r->p, "/etc/skel/%s", files[i]), &n, NULL);
        const char *to = vm_asprintf(r->p, "%s/%s", u->home, files[i]);
        if (text && sys_spill(r, to, text, n, 0644) == 0)
            (void)vm_chown(r->p, to, u->uid, u->gid, false);
    }
}

static int add_user(struct cmd_run *r, const struct newuser *u)
{
    int err = put_line(r, "/etc/passwd", u->name,
                       vm_asprintf(r->p, "%s:x:%u:%u:%s:%s:%s", u->name, u->uid, u->gid, u->comment,
                                   u->home, u->shell));
    if (err < 0)
        return err;
    (void)put_line(r, "/etc/shadow", u->name,
                   vm_asprintf(r->p, "%s:%s:%s:0:99999:7:::", u->name, u->hash, day_of(r)));
    if (u->make_home)
        make_home(r, u);
    return 0;
}

static bool valid_name(const char *s)
{
    return ((*s >= 'a' && *s <= 'z') || *s == '_' || (*s >= 'A' && *s <= 'Z')) &&
           strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.$") ==
               strlen(s) &&
           strlen(s) <= 32;
}

static int useradd_run(struct cmd_run *r)
{
    char *field[FIELDS];
    int64_t uid, gid;
    if (cmd_has(r, 'D')) {
        vf_puts(r->out, "GROUP=100\nHOME=/home\nINACTIVE=-1\nEXPIRE=\nSHELL=/bin/sh\nSKEL=/etc/"
                        "skel\nCREATE_MAIL_SPOOL=no\nLOG_INIT=yes\n");
        return 0;
    }
    if (r->argc != 1)
        return cmd_usage(r);
    const char *name = r->argv[0], *group = cmd_arg(r, 'g');
    if (!valid_name(name)) {
        cmd_warn(r, "invalid user name '%s': use --badname to ignore", name);
        return 3;
    }
    if (!is_root(r, "/etc/passwd"))
        return 1;
    if (entry(r, "/etc/passwd", name, field)) {
        cmd_warn(r, "user '%s' already exists", name);
        return 9;
    }
    if (!cmd_arg(r, 'u') || str_int(cmd_arg(r, 'u'), 0, UINT32_MAX, &uid))
        uid = cmd_has(r, 'r') ? free_id(r, "/etc/passwd", 101, 999)
                              : free_id(r, "/etc/passwd", 1000, ID_MAX);
    else if (!cmd_has(r, 'o') && cmd_user_name(r, (uint32_t)uid)) {
        cmd_warn(r, "UID %lld is not unique", (long long)uid);
        return 4;
    }
    if (group) {
        uint32_t id;
        bool number = !str_int(group, 0, UINT32_MAX, &gid);
        if (!number && !cmd_group_id(r, group, &id)) {
            cmd_warn(r, "group '%s' does not exist", group);
            return 6;
        }
        gid = number ? gid : id;
    } else if (entry(r, "/etc/group", name, field)) {
        cmd_warn(r, "group %s exists - if you want to add this user to that group, use -g.", name);
        return 9;
    } else {
        gid = free_id(r, "/etc/group", uid >= 1000 ? (uint32_t)uid : 1000, ID_MAX);
        (void)add_group(r, name, (uint32_t)gid);
    }
    struct newuser u = {.name = name,
                        .home =
                            cmd_arg(r, 'd') ? cmd_arg(r, 'd') : vm_asprintf(r->p, "/home/%s", name),
                        .shell = cmd_arg(r, 's') ? cmd_arg(r, 's') : "/bin/sh",
                        .comment = cmd_arg(r, 'c') ? cmd_arg(r, 'c') : "",
                        .hash = cmd_arg(r, 'p') ? cmd_arg(r, 'p') : "!",
                        .uid = (uint32_t)uid,
                        .gid = (uint32_t)gid,
                        .make_home = cmd_has(r, 'm')};
    if (add_user(r, &u) < 0)
        return 1;
    return cmd_arg(r, 'G') && !join_groups(r, cmd_arg(r, 'G'), name) ? 6 : 0;
}

static const char *const useradd_longs[] = {"badname=b",
                                            "base-dir:=b",
                                            "comment:=c",
                                            "home-dir:=d",
                                            "defaults=D",
                                            "expiredate:=e",
                                            "inactive:=f",
                                            "gid:=g",
                                            "groups:=G",
                                            "skel:=k",
                                            "key:=K",
                                            "no-log-init=l",
                                            "create-home=m",
                                            "no-create-home=M",
                                            "no-user-group=N",
                                            "non-unique=o",
                                            "password:=p",
                                            "system=r",
                                            "root:=R",
                                            "shell:=s",
                                            "uid:=u",
                                            "user-group=U",
                                            NULL};

const struct cmd cmd_useradd = {.name = "useradd",
                                .opts = "b:c:d:De:f:Fg:G:hk:K:lmMNop:rR:P:s:u:UZ:",
                                .longs = useradd_longs,
                                .flags = CMD_HELP_ERR,
                                .usage_status = 2,
                                .run = useradd_run};

static int usermod_run(struct cmd_run *r)
{
    static const struct {
        char opt;
        int field;
    } edits[] = {{'c', 4}, {'d', 5}, {'s', 6}, {'u', 2}, {'g', 3}};
    char *field[FIELDS], *f[FIELDS];
    if (r->argc != 1 || !*r->opt)
        return cmd_usage(r);
    const char *name = r->argv[0];
    if (!entry(r, "/etc/passwd", name, field)) {
        cmd_warn(r, "user '%s' does not exist", name);
        return 6;
    }
    if (!is_root(r, "/etc/passwd"))
        return 1;
    for (size_t i = 0; i < sizeof(edits) / sizeof(edits[0]); i++) {
        const char *v = cmd_arg(r, edits[i].opt);
        uint32_t gid;
        if (v && edits[i].opt == 'g' && cmd_group_id(r, v, &gid))
            v = vm_asprintf(r->p, "%u", gid);
        if (v)
            (void)set_field(r, "/etc/passwd", name, edits[i].field, v);
    }
    if (cmd_arg(r, 'p'))
        (void)set_password(r, name, cmd_arg(r, 'p'));
    if ((cmd_has(r, 'L') || cmd_has(r, 'U')) && entry(r, "/etc/shadow", name, f)) {
        const char *h = f[1] + (*f[1] == '!');
        (void)set_field(r, "/etc/shadow", name, 1,
                        cmd_has(r, 'L') ? vm_asprintf(r->p, "!%s", h) : h);
    }
    return cmd_arg(r, 'G') && !join_groups(r, cmd_arg(r, 'G'), name) ? 6 : 0;
}

static const char *const usermod_longs[] = {
    "append=a", "comment:=c", "home:=d",     "expiredate:=e", "inactive:=f", "gid:=g",  "groups:=G",
    "login:=l", "lock=L",     "move-home=m", "non-unique=o",  "password:=p", "root:=R", "shell:=s",
    "uid:=u",   "unlock=U",   NULL};

const struct cmd cmd_usermod = {.name = "usermod",
                                .opts = "abc:d:e:f:g:G:hl:LmoP:p:rR:s:u:UV:v:W:w:Z:",
                                .longs = usermod_longs,
                                .flags = CMD_HELP_ERR,
                                .usage_status = 2,
                                .run = usermod_run};

static int userdel_run(struct cmd_run *r)
{
    char *field[FIELDS];
    if (r->argc != 1)
        return cmd_usage(r);
    const char *name = r->argv[0];
    if (!entry(r, "/etc/passwd", name, field)) {
        cmd_warn(r, "user '%s' does not exist", name);
        return 6;
    }
    if (!is_root(r, "/etc/passwd"))
        return 1;
    const char *home = vm_strdup(r->p, field[5] ? field[5] : "");
    (void)put_line(r, "/etc/passwd", name, NULL);
    (void)put_line(r, "/etc/shadow", name, NULL);
    (void)put_line(r, "/etc/group", name, NULL);
    (void)put_line(r, "/etc/gshadow", name, NULL);
    if (cmd_has(r, 'r') && str_starts(home, "/home/")) {
        char *argv[] = {vm_strdup(r->p, "rm"), vm_strdup(r->p, "-rf"), vm_strdup(r->p, home), NULL};
        cmd_warn(r, "%s mail spool (/var/mail/%s) not found", name, name);
        (void)sys_spawn_wait(r, argv);
    }
    return 0;
}

static const char *const userdel_longs[] = {"force=f", "remove=r", "root:=R", NULL};

const struct cmd cmd_userdel = {.name = "userdel",
                                .opts = "fhrR:P:Z",
                                .longs = userdel_longs,
                                .flags = CMD_HELP_ERR,
                                .usage_status = 2,
                                .run = userdel_run};

static int chsh_run(struct cmd_run *r)
{
    const char *me = cmd_user_name(r, vm_getuid(r->p)), *user = r->argc ? r->argv[0] : me;
    const char *shell = cmd_arg(r, 's');
    char *field[FIELDS];
    struct vfs_stat st;
    size_t n;
    if (!user || !entry(r, "/etc/passwd", user, field)) {
        cmd_warn(r, "user '%s' does not exist", user ? user : "?");
        return 1;
    }
    if (vm_getuid(r->p)) {
        const char *old = sys_ask_secret(r, "Password: ");
        if (!old || !*old || strcmp(me ? me : "", user) != 0) {
            cmd_warn(r, "PAM: Authentication failure");
            return 1;
        }
        (void)vm_setuid(r->p, 0, 0);
    }
    if (!shell) {
        vf_printf(r->out,
                  "Changing the login shell for %s\nEnter the new value, or press ENTER for "
                  "the default\n\tLogin Shell [%s]: ",
                  user, field[6]);
        (void)vf_flush(r->out);
        shell = vf_getline(r->in, &n);
        shell = shell ? vm_asprintf(r->p, "%.*s", (int)strcspn(shell, "\n"), shell) : "";
        if (!*shell)
            return 0;
    }
    if (vm_stat(r->p, shell, &st) < 0 || *shell != '/') {
        cmd_warn(r, "%s does not exist", shell);
        return vm_stat(r->p, shell, &st) < 0 && vm_getuid(r->p);
    }
    return set_field(r, "/etc/passwd", user, 6, shell) ? 1 : 0;
}

static const char *const chsh_longs[] = {"root:=R", "shell:=s", NULL};

const struct cmd cmd_chsh = {
    .name = "chsh", .opts = "hR:s:", .longs = chsh_longs, .flags = CMD_HELP_ERR, .run = chsh_run};

/* --- adduser: Debian's friendly front end ------------------------------------------------ */
static void adduser_details(struct cmd_run *r, const char *name)
{
    static const char *const asks[] = {"Full Name", "Room Number", "Work Phone", "Home Phone",
                                       "Other"};
    size_t n;
    vf_printf(r->out,
              "Changing the user information for %s\nEnter the new value, or press ENTER "
              "for the default\n",
              name);
    for (size_t i = 0; i < 5; i++) {
        vf_printf(r->out, "\t%s []: ", asks[i]);
        (void)vf_flush(r->out);
        if (!vf_getline(r->in, &n))
            return;
    }
    vf_puts(r->out, "Is the information correct? [Y/n] ");
    (void)vf_flush(r->out);
    (void)vf_getline(r->in, &n);
}

static int adduser_run(struct cmd_run *r)
{
    char *field[FIELDS];
    bool loud = !cmd_has(r, 'q');
    if (vm_geteuid(r->p)) {
        vf_puts(r->err, "adduser: Only root may add a user or group to the system.\n");
        return 1;
    }
    if (!r->argc) {
        vf_puts(r->err, "adduser: Only one or two names allowed.\n");
        return 1;
    }
    const char *name = r->argv[0];
    if (r->argc == 2) {
        const char *group = r->argv[1];
        if (!entry(r, "/etc/passwd", name, field) || !entry(r, "/etc/group", group, field)) {
            vf_printf(r->err, "adduser: The group `%s' does not exist.\n", group);
            return 1;
        }
        if (loud)
            vf_printf(r->out, "Adding user `%s' to group `%s' ...\n", name, group);
        (void)join_groups(r, group, name);
        vf_puts(r->out, loud ? "Done.\n" : "");
        return 0;
    }
    if (entry(r, "/etc/passwd", name, field)) {
        vf_printf(r->err, "adduser: The user `%s' already exists.\n", name);
        return 1;
    }
    if (!valid_name(name)) {
        vf_puts(r->err,
                "adduser: Please enter a username matching the regular expression\n            "
                "configured via the NAME_REGEX configuration variable.  Use the\n            "
                "`--allow-bad-names' option to relax this check or reconfigure\n            "
                "NAME_REGEX in configuration.\n");
        return 1;
    }
    uint32_t uid = free_id(r, "/etc/passwd", 1000, ID_MAX);
    uint32_t gid = free_id(r, "/etc/group", uid, ID_MAX);
    struct newuser u = {.name = name,
                        .home =
                            cmd_arg(r, 'H') ? cmd_arg(r, 'H') : vm_asprintf(r->p, "/home/%s", name),
                        .shell = cmd_arg(r, 's') ? cmd_arg(r, 's') : "/bin/bash",
                        .comment = cmd_arg(r, 'g') ? cmd_arg(r, 'g') : ",,,",
                        .hash = "!",
                        .uid = uid,
                        .gid = gid,
                        .make_home = !cmd_has(r, 'n')};
    if (loud)
        vf_printf(r->out,
                  "Adding user `%s' ...\nAdding new group `%s' (%u) ...\nAdding new user `%s' (%u) "
                  "with group `%s (%u)' ...\nCreating home directory `%s' ...\nCopying files from "
                  "`/etc/skel' ...\n",
                  name, name, gid, name, uid, name, gid, u.home);
    (void)add_group(r, name, gid);
    if (add_user(r, &u) < 0)
        return 1;
    if (!cmd_has(r, 'D'))
        (void)ask_twice(r, name);
    if (!cmd_has(r, 'g'))
        adduser_details(r, name);
    if (loud)
        vf_printf(r->out,
                  "Adding new user `%s' to supplemental / extra groups `users' ...\nAdding user "
                  "`%s' to group `users' ...\n",
                  name, name);
    (void)join_groups(r, "users", name);
    return 0;
}

static const char *const adduser_longs[] = {"quiet=q",
                                            "disabled-password=D",
                                            "disabled-login=D",
                                            "gecos:=g",
                                            "comment:=g",
                                            "home:=H",
                                            "shell:=s",
                                            "no-create-home=n",
                                            "uid:=u",
                                            "ingroup:=i",
                                            "gid:=G",
                                            "system=S",
                                            "group=S",
                                            "force-badname=b",
                                            "allow-bad-names=b",
                                            "allow-badname=b",
                                            NULL};

const struct cmd cmd_adduser = {
    .name = "adduser", .opts = "q", .longs = adduser_longs, .run = adduser_run};

static int deluser_run(struct cmd_run *r)
{
    char *field[FIELDS];
    if (vm_geteuid(r->p)) {
        vf_puts(r->err, "fatal: Only root may remove a user or group from the system.\n");
        return 1;
    }
    if (!r->argc || !entry(r, "/etc/passwd", r->argv[0], field)) {
        vf_printf(r->err, "fatal: The user `%s' does not exist.\n", r->argc ? r->argv[0] : "");
        return 2;
    }
    vf_printf(r->out, "Removing crontab ...\nRemoving user `%s' ...\nDone.\n", r->argv[0]);
    char *argv[] = {vm_strdup(r->p, "userdel"), vm_strdup(r->p, cmd_has(r, 'r') ? "-rf" : "-f"),
                    r->argv[0], NULL};
    (void)sys_spawn_wait(r, argv);
    return 0;
}

static const char *const deluser_longs[] = {"remove-home=r", "remove-all-files=r", "quiet=q",
                                            "force=f", NULL};

const struct cmd cmd_deluser = {
    .name = "deluser", .opts = "q", .longs = deluser_longs, .run = deluser_run};
