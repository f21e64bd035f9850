/* mknod.c -- special files: mkfifo, mknod.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "cmd/cmd.h"
#include "cmd/mode.h"

/* -m: false after a message. */
static bool wanted_mode(struct cmd_run *r, uint32_t *mode)
{
    const char *arg = cmd_arg(r, 'm');
    uint32_t mask = vm_umask(r->p, 0);
    vm_umask(r->p, mask);
    *mode = 0666 & ~mask;
    if (!arg)
        return true;
    if (!mode_change(arg, 0666, mask, mode)) {
        cmd_warn(r, "invalid mode");
        return false;
    }
    if (*mode & ~0777u) {
        cmd_warn(r, "mode must specify only file permission bits");
        return false;
    }
    return true;
}

static int make(struct cmd_run *r, const char *path, uint32_t mode, uint64_t rdev)
{
    int err = vm_mknod(r->p, path, mode, rdev);
    if (!err && cmd_arg(r, 'm'))
        vm_chmod(r->p, path, mode & 0777);
    return err;
}

static int mkfifo_run(struct cmd_run *r)
{
    uint32_t mode;
    int status = 0;
    if (!r->argc)
        return cmd_missing(r);
    if (!wanted_mode(r, &mode))
        return 1;
    for (int i = 0; i < r->argc; i++) {
        int err = make(r, r->argv[i], S_IFIFO | mode, 0);
        if (err < 0) {
            cmd_warn_err(r, err, "cannot create fifo %s", cmd_quote(r, r->argv[i]));
            status = 1;
        }
    }
    return status;
}

static int mknod_run(struct cmd_run *r)
{
    uint32_t mode;
    static const char need[] = "Special files require major and minor device numbers.\n";
    if (!wanted_mode(r, &mode))
        return 1;
    char type = r->argc > 1 ? *r->argv[1] : 0;
    int expected = type == 'p' ? 2 : 4;
    if (r->argc < expected) {
        if (!r->argc)
            return cmd_missing(r);
        cmd_warn(r, "missing operand after %s", cmd_quotel(r, r->argv[r->argc - 1]));
        if (r->argc == 2)
            vf_puts(r->err, need);
        return cmd_usage(r);
    }
    if (r->argc > expected) {
        cmd_warn(r, "extra operand %s", cmd_quotel(r, r->argv[expected]));
        if (expected == 2 && r->argc == 4)
            vf_puts(r->err, "Fifos do not have major and minor device numbers.\n");
        return cmd_usage(r);
    }
    uint64_t number[2] = {0, 0};
    if (!type || !strchr("pbcu", type)) {
        cmd_warn(r, "invalid device type %s", cmd_quotel(r, r->argv[1]));
        return cmd_usage(r);
    }
    for (int i = 0; type != 'p' && i < 2; i++)
        if (cmd_number(r->argv[2 + i], "", &number[i]) || number[i] > UINT32_MAX) {
            cmd_warn(r, "invalid %s device number %s", i ? "minor" : "major",
                     cmd_quotel(r, r->argv[2 + i]));
            return 1;
        }
    uint32_t what = type == 'p' ? S_IFIFO : type == 'b' ? S_IFBLK : S_IFCHR;
    uint64_t rdev = type == 'p' ? 0 : makedev((unsigned)number[0], (unsigned)number[1]);
    int err = make(r, r->argv[0], what | mode, rdev);
    if (err < 0)
        cmd_warn_err(r, err, "%s", cmd_quotef(r, r->argv[0]));
    return err < 0;
}

static const char *const longs[] = {"mode:=m", "context?=Z", NULL};

const struct cmd cmd_mkfifo = {.name = "mkfifo", .opts = "m:Z", .longs = longs, .run = mkfifo_run};
const struct cmd cmd_mknod = {.name = "mknod", .opts = "m:Z", .longs = longs, .run = mknod_run};
