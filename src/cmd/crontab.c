/* crontab.c -- emulated crontab: a user's table in /var/spool/cron/crontabs.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <errno.h>
#include <string.h>

#include "cmd/sys.h"

static int cron_usage(struct cmd_run *r, const char *why)
{
    vf_printf(r->err, "crontab: usage error: %s\n", why);
    if (sys_text(r, "crontab -h") < 0)
        (void)sys_text(r, "crontab --help");
    return 1;
}

/* One field of a time: numbers, ranges, steps, lists, names. */
static bool field_ok(const char *s, size_t n)
{
    if (!n)
        return false;
    for (size_t i = 0; i < n; i++)
        if (!strchr("0123456789*-,/", s[i]) && !(s[i] >= 'a' && s[i] <= 'z') &&
            !(s[i] >= 'A' && s[i] <= 'Z'))
            return false;
    return true;
}

static const char *line_fault(const char *line)
{
    static const char *const names[] = {"minute", "hour", "day-of-month", "month", "day-of-week"};
    static const char *const words[] = {"@reboot", "@yearly", "@annually", "@monthly",
                                        "@weekly", "@daily",  "@midnight", "@hourly"};
    line += strspn(line, " \t");
    if (!*line || *line == '#')
        return NULL;
    const char *eq = strchr(line, '=');
    if (eq && strcspn(line, " \t") >= (size_t)(eq - line) && (*line < '0' || *line > '9') &&
        *line != '*' && *line != '@')
        return NULL;
    if (*line == '@') {
        for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
            if (str_starts(line, words[i]))
                return NULL;
        return "bad time specifier";
    }
    for (int i = 0; i < 5; i++) {
        size_t n = strcspn(line, " \t");
        bool number = (*line >= '0' && *line <= '9') || *line == '*';
        if (!field_ok(line, n) || (!number && i < 3))
            return names[i];
        line += n;
        line += strspn(line, " \t");
    }
    return *line ? NULL : "command";
}

static int install(struct cmd_run *r, const char *from, const char *file, const char *text,
                   size_t n, uint32_t uid)
{
    int number = 0, faults = 0;
    char *copy = vm_strdup(r->p, text), *line;
    if (n && text[n - 1] != '\n') {
        vf_puts(r->err, "new crontab file is missing newline before EOF, can't install.\n");
        return 1;
    }
    while ((line = sys_line(&copy))) {
        const char *fault = line_fault(line);
        number++;
        if (!fault)
            continue;
        vf_printf(r->err, "\"%s\":%d: bad %s\n", from, number, fault);
        faults++;
    }
    if (faults) {
        vf_puts(r->err, "errors in crontab file, can't install.\n");
        return 1;
    }
    (void)vm_unlink(r->p, file);
    int err = sys_spill(r, file, text, n, 0600);
    if (err < 0) {
        vf_printf(r->err, "crontabs/%s: mkstemp: %s\n", cmd_base(file), vm_strerror(-err));
        return 1;
    }
    (void)vm_chown(r->p, file, uid, -1, true);
    return 0;
}

static int edit(struct cmd_run *r, const char *user, const char *file, uint32_t uid)
{
    size_t n = 0;
    char *old = sys_slurp(r, file, &n, NULL);
    const char *editor = vm_getenv(r->p, "VISUAL");
    if (!editor)
        editor = vm_getenv(r->p, "EDITOR");
    if (!old)
        vf_printf(r->err, "no crontab for %s - using an empty one\n", user);
    char *tmp = vm_asprintf(r->p, "/tmp/crontab.%06llx/crontab",
                            (unsigned long long)vm_random(r->p) & 0xffffff);
    char *dir = vm_asprintf(r->p, "%.*s", (int)(strrchr(tmp, '/') - tmp), tmp);
    (void)vm_mkdir(r->p, dir, 0700);
    (void)sys_spill(r, tmp, old ? old : "", n, 0600);
    char *argv[] = {vm_strdup(r->p, editor && *editor ? editor : "/usr/bin/sensible-editor"), tmp,
                    NULL};
    int status = sys_spawn_wait(r, argv);
    size_t len = 0;
    char *text = sys_slurp(r, tmp, &len, NULL);
    (void)vm_unlink(r->p, tmp);
    (void)vm_rmdir(r->p, dir);
    if (status) {
        vf_printf(r->err, "crontab: \"%s\" exited with status %d\n", argv[0], status);
        return 1;
    }
    if (!text || (len == n && !memcmp(text, old ? old : "", n))) {
        vf_puts(r->err, "No modification made\n");
        return 0;
    }
    vf_puts(r->err, "crontab: installing new crontab\n");
    return install(r, tmp, file, text, len, uid);
}

static int crontab_run(struct cmd_run *r)
{
    uint32_t uid = vm_getuid(r->p), gid;
    const char *user = cmd_user_name(r, uid);
    size_t n = 0;
    int err = 0, what = cmd_latest(r, "lre");
    if (cmd_has(r, 'h'))
        return sys_text(r, "crontab -h");
    if (cmd_arg(r, 'u')) {
        if (uid && (!user || strcmp(user, cmd_arg(r, 'u')) != 0)) {
            vf_puts(r->err, "must be privileged to use -u\n");
            return 1;
        }
        user = cmd_arg(r, 'u');
        if (!cmd_user_id(r, user, &uid, &gid)) {
            vf_printf(r->err, "crontab:  user `%s' unknown\n", user);
            return 1;
        }
    }
    if (!user)
        return 1;
    const char *file = vm_asprintf(r->p, "/var/spool/cron/crontabs/%s", user);
    /* crontab is set-group-id; the spool is closed to all others. */
    uint32_t real = vm_getuid(r->p);
    char *text = NULL;
    if (!what) {
        if (!r->argc)
            return cron_usage(r, "file name or - (for stdin) must be specified");
        text = sys_slurp(r, r->argv[0], &n, &err);
        if (!text) {
            vf_printf(r->err, "%s: %s\n", r->argv[0], vm_strerror(-err));
            return 1;
        }
    }
    if (real)
        (void)vm_setuid(r->p, 0, 0);
    if (!what)
        return install(r, r->argv[0], file, text, n, uid);
    if (what == 'e')
        return edit(r, user, file, uid);
    text = sys_slurp(r, file, &n, NULL);
    if (!text) {
        vf_printf(r->err, "no crontab for %s\n", user);
        return 1;
    }
    if (what == 'l') {
        vf_write(r->out, text, n);
        return 0;
    }
    if (cmd_has(r, 'i')) {
        vf_printf(r->err, "crontab: really delete %s's crontab? (y/n) ", user);
        if (!cmd_confirm(r))
            return 0;
    }
    return vm_unlink(r->p, file) < 0;
}

const struct cmd cmd_crontab = {.name = "crontab",
                                .opts = "u:lreihVTn",
                                .flags = CMD_NO_TEXT | CMD_HELP_ERR,
                                .run = crontab_run};
