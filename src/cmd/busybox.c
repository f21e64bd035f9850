/* busybox.c -- busybox NAME: the applets are the other programs, by the list
 * of applets that Debian's busybox prints.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <string.h>

#include "cmd/cmd.h"

/* Is name a line of busybox --list? Without a recorded list all are. */
static bool is_applet(struct cmd_run *r, const char *name)
{
    size_t n, len = strlen(name);
    const char *list = vm_text(r->p, "busybox --list", &n);
    if (!list)
        return true;
    for (const char *s = list, *end = list + n; s < end;) {
        const char *nl = memchr(s, '\n', (size_t)(end - s));
        size_t k = (size_t)((nl ? nl : end) - s);
        if (k == len && !memcmp(s, name, len))
            return true;
        s += k + 1;
    }
    return false;
}

static int put_text(struct cmd_run *r, const char *key)
{
    size_t n;
    const char *t = vm_text(r->p, key, &n);
    if (t)
        vf_write(r->out, t, n);
    return 0;
}

/* sh and the like are programs of their own: run what the system has. */
static int run_real(struct cmd_run *r, const char *name)
{
    char path[VFS_PATH_MAX];
    if (vm_find_program(r->p, name, path, sizeof(path)))
        return -1;
    vm_exec(r->p, path, r->argv, vm_environ(r->p));
    return -1;
}

static int busybox_run(struct cmd_run *r)
{
    const char *name = r->argc ? r->argv[0] : NULL;
    if (!name || !strcmp(name, "--help"))
        return put_text(r, "busybox");
    if (!strcmp(name, "--list"))
        return put_text(r, "busybox --list");
    const char *base = cmd_base(name);
    const struct cmd *c = cmd_lookup(base);
    if (c && !(c->flags & CMD_NO_APPLET) && strcmp(base, "busybox") && is_applet(r, base))
        return cmd_main_busybox(r->p, c, r->argc, r->argv);
    if (is_applet(r, base) && strcmp(base, "busybox"))
        run_real(r, base);
    vf_printf(r->err, "%s: applet not found\n", base);
    return 127;
}

const struct cmd cmd_busybox = {
    .name = "busybox", .run = busybox_run, .flags = CMD_RAW | CMD_NO_APPLET};
