/* sandbox.c -- giving up what a role does not need.
 *
 * Two walls, from the outside in. The file system: as root a role moves into
 * the state folder (or an empty one) with chroot and becomes the run user; as
 * an ordinary user Landlock does the same without privileges, where the kernel
 * has it. The system calls: a sensor, the only process that touches an
 * attacker's bytes, keeps those that move bytes over descriptors it already
 * has and those that manage its own memory.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "role/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/landlock.h>
#include <seccomp.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/log.h"
#include "base/str.h"

/* An empty directory nobody can write, to be the root of roles without files. */
static int make_empty_root(const struct role_setup *s, char *path, size_t n)
{
    if (!str_fmt(path, n, "%s/empty", s->state_dir))
        return ERR_RANGE;
    if (mkdir(path, 0755) < 0 && errno != EEXIST)
        return ERR_SYS;
    return 0;
}

static int enter_as_root(const struct role_setup *s, enum sandbox_fs fs)
{
    char empty[4096];
    const char *root = s->state_dir;

    if (fs == SANDBOX_FS_NONE) {
        int r = make_empty_root(s, empty, sizeof empty);
        if (r < 0)
            return r;
        root = empty;
    }
    if (chroot(root) < 0 || chdir("/") < 0)
        return ERR_SYS;
    if (setgroups(1, &s->gid) < 0 || setresgid(s->gid, s->gid, s->gid) < 0 ||
        setresuid(s->uid, s->uid, s->uid) < 0)
        return ERR_SYS;
    return 0;
}

/* Landlock since Linux 5.13; without it an ordinary user's role keeps the
 * user's own rights, and the sensor still has its system call filter. */
static int landlock(const char *state_dir)
{
    struct landlock_ruleset_attr attr = {.handled_access_fs = (1ULL << 13) - 1};
    int fd = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof attr, 0);
    int r = 0;

    if (fd < 0)
        return errno == ENOSYS || errno == EOPNOTSUPP ? 0 : ERR_SYS;
    if (state_dir) {
        struct landlock_path_beneath_attr below = {.allowed_access =
                                                       attr.handled_access_fs & ~1ULL};
        below.parent_fd = open(state_dir, O_PATH | O_CLOEXEC);
        if (below.parent_fd < 0 ||
            syscall(SYS_landlock_add_rule, fd, LANDLOCK_RULE_PATH_BENEATH, &below, 0) < 0)
            r = ERR_SYS;
        if (below.parent_fd >= 0)
            close(below.parent_fd);
    }
    if (r == 0 && syscall(SYS_landlock_restrict_self, fd, 0) < 0)
        r = ERR_SYS;
    close(fd);
    return r;
}

int sandbox_enter(const struct role_setup *s, enum sandbox_fs fs, char *path, size_t n)
{
    const char *state = s->state_dir;
    int r;

    if (geteuid() == 0 && s->uid != 0) {
        r = enter_as_root(s, fs);
        state = "/";
    } else {
        r = chdir(s->state_dir) < 0 ? ERR_SYS : 0;
    }
    if (r == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        r = ERR_SYS;
    if (r == 0)
        r = landlock(fs == SANDBOX_FS_STATE ? state : NULL);
    if (r < 0) {
        log_error("cannot enter the sandbox: %s", strerror(errno));
        return r;
    }
    return str_copy(path, n, state) ? 0 : ERR_RANGE;
}

/* Bytes over descriptors it has, its own memory, time, randomness. */
static const int sensor_calls[] = {
    SCMP_SYS(read),
    SCMP_SYS(write),
    SCMP_SYS(readv),
    SCMP_SYS(writev),
    SCMP_SYS(close),
    SCMP_SYS(recvfrom),
    SCMP_SYS(recvmsg),
    SCMP_SYS(sendto),
    SCMP_SYS(sendmsg),
    SCMP_SYS(shutdown),
    SCMP_SYS(setsockopt),
    SCMP_SYS(getsockopt),
    SCMP_SYS(getsockname),
    SCMP_SYS(getpeername),
    SCMP_SYS(dup),
    SCMP_SYS(fcntl),
    SCMP_SYS(fstat),
    SCMP_SYS(newfstatat),
    SCMP_SYS(lseek),
    SCMP_SYS(ftruncate),
    SCMP_SYS(memfd_create),
    SCMP_SYS(epoll_wait),
    SCMP_SYS(epoll_pwait),
    SCMP_SYS(epoll_pwait2),
    SCMP_SYS(epoll_ctl),
    SCMP_SYS(poll),
    SCMP_SYS(ppoll),
    SCMP_SYS(mmap),
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(mprotect),
    SCMP_SYS(madvise),
    SCMP_SYS(brk),
    SCMP_SYS(futex),
    SCMP_SYS(sched_yield),
    SCMP_SYS(sched_getaffinity),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_nanosleep),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(time),
    SCMP_SYS(getrandom),
    SCMP_SYS(getpid),
    SCMP_SYS(gettid),
    SCMP_SYS(getuid),
    SCMP_SYS(geteuid),
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(sigaltstack),
    SCMP_SYS(restart_syscall),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
};

int sandbox_sensor_filter(void)
{
    scmp_filter_ctx f = seccomp_init(SCMP_ACT_KILL_PROCESS);
    int r = f ? 0 : -ENOMEM;

    for (size_t i = 0; r == 0 && i < sizeof sensor_calls / sizeof *sensor_calls; i++)
        r = seccomp_rule_add(f, SCMP_ACT_ALLOW, sensor_calls[i], 0);
    /* So that a failed check of the C library ends this process, and only it. */
    if (r == 0)
        r = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
                             SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid()));
    /* OpenSSL asks the kernel for crypto hints by opening files: let it fail. */
    if (r == 0)
        r = seccomp_rule_add(f, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(openat), 0);
    if (r == 0)
        r = seccomp_rule_add(f, SCMP_ACT_ERRNO(ENOTTY), SCMP_SYS(ioctl), 0);
    if (r == 0)
        r = seccomp_load(f);
    if (f)
        seccomp_release(f);
    if (r != 0) {
        log_error("cannot install the system call filter: %s", strerror(-r));
        return ERR_SYS;
    }
    return 0;
}
