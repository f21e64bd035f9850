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
#include <netdb.h>
#include <sched.h>
#include <seccomp.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/file.h"
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

static const char resolv_conf[] = "/etc/resolv.conf";

/* A folder of root's that the run user may look into, whatever the umask says;
 * false if something else has been put in its place. */
static bool make_own_folder(const char *path)
{
    struct stat st;

    return (mkdir(path, 0755) == 0 || errno == EEXIST) && lstat(path, &st) == 0 &&
           S_ISDIR(st.st_mode) && st.st_uid == 0 && chmod(path, 0755) == 0;
}

/* A file system of one file: who serves names. The host's own names stay its. */
static int make_resolver_root(const struct role_setup *s, char *path, size_t n)
{
    char etc[4096], file[4096];
    struct buf b;
    int r;

    if (!str_fmt(path, n, "%s/resolver", s->state_dir) ||
        !str_fmt(etc, sizeof etc, "%s/etc", path) ||
        !str_fmt(file, sizeof file, "%s%s", path, resolv_conf))
        return ERR_RANGE;
    if (!make_own_folder(path) || !make_own_folder(etc))
        return ERR_SYS;
    buf_init(&b, 64 << 10);
    r = file_read(resolv_conf, &b);
    if (r == 0)
        r = file_write(file, buf_ptr(&b), buf_len(&b), 0644);
    buf_done(&b);
    if (r == ERR_NOTFOUND) /* then names do not resolve here either */
        r = 0;
    else if (r == 0)
        r = chmod(file, 0644);
    return r < 0 ? ERR_SYS : 0;
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
    } else if (fs == SANDBOX_FS_RESOLVER) {
        int r = make_resolver_root(s, empty, sizeof empty);
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

static int allow_beneath(int ruleset, const char *path, uint64_t access)
{
    struct landlock_path_beneath_attr below = {.allowed_access = access};
    int r;

    below.parent_fd = open(path, O_PATH | O_CLOEXEC);
    if (below.parent_fd < 0)
        return ERR_SYS;
    r = (int)syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &below, 0);
    close(below.parent_fd);
    return r < 0 ? ERR_SYS : 0;
}

/* Landlock since Linux 5.13; without it an ordinary user's role keeps the
 * user's own rights, and the sensor still has its system call filter. */
static int landlock(enum sandbox_fs fs, const char *state_dir)
{
    struct landlock_ruleset_attr attr = {.handled_access_fs = (1ULL << 13) - 1};
    int fd = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof attr, 0);
    int r = 0;

    if (fd < 0)
        return errno == ENOSYS || errno == EOPNOTSUPP ? 0 : ERR_SYS;
    if (fs == SANDBOX_FS_STATE)
        r = allow_beneath(fd, state_dir, attr.handled_access_fs & ~LANDLOCK_ACCESS_FS_EXECUTE);
    else if (fs == SANDBOX_FS_RESOLVER && access(resolv_conf, R_OK) == 0)
        r = allow_beneath(fd, resolv_conf, LANDLOCK_ACCESS_FS_READ_FILE);
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
        r = landlock(fs, state);
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
#ifdef __SANITIZE_ADDRESS__
    return 0; /* the sanitizer opens files to report what it found */
#endif
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

/* --- the fetcher --------------------------------------------------------------- */

void sandbox_warm_resolver(void)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found = NULL;

    if (getaddrinfo("localhost", "80", &hints, &found) == 0)
        freeaddrinfo(found);
}

/* libcurl's resolver is a thread, so threads are allowed and processes are not:
 * both are clone, told apart by its flags. clone3 hides its flags from filters;
 * told that there is none, the C library uses clone. */
static const int fetcher_not[] = {
    SCMP_SYS(execve),
    SCMP_SYS(execveat),
    SCMP_SYS(fork),
    SCMP_SYS(vfork),
    SCMP_SYS(listen),
    SCMP_SYS(accept),
    SCMP_SYS(accept4),
    SCMP_SYS(ptrace),
    SCMP_SYS(process_vm_readv),
    SCMP_SYS(process_vm_writev),
    SCMP_SYS(pidfd_open),
    SCMP_SYS(pidfd_getfd),
    SCMP_SYS(kill),
    SCMP_SYS(tkill),
    SCMP_SYS(mount),
    SCMP_SYS(umount2),
    SCMP_SYS(chroot),
    SCMP_SYS(pivot_root),
    SCMP_SYS(unshare),
    SCMP_SYS(setns),
    SCMP_SYS(bpf),
    SCMP_SYS(perf_event_open),
    SCMP_SYS(userfaultfd),
    SCMP_SYS(io_uring_setup),
    SCMP_SYS(io_uring_enter),
    SCMP_SYS(io_uring_register),
    SCMP_SYS(keyctl),
    SCMP_SYS(add_key),
    SCMP_SYS(request_key),
    SCMP_SYS(init_module),
    SCMP_SYS(finit_module),
    SCMP_SYS(delete_module),
    SCMP_SYS(kexec_load),
    SCMP_SYS(open_by_handle_at),
    SCMP_SYS(unlink),
    SCMP_SYS(unlinkat),
    SCMP_SYS(rename),
    SCMP_SYS(renameat),
    SCMP_SYS(renameat2),
    SCMP_SYS(link),
    SCMP_SYS(linkat),
    SCMP_SYS(symlink),
    SCMP_SYS(symlinkat),
    SCMP_SYS(mkdir),
    SCMP_SYS(mkdirat),
    SCMP_SYS(mknod),
    SCMP_SYS(mknodat),
};

static int add_fetcher_rules(scmp_filter_ctx f)
{
    const uint32_t no = SCMP_ACT_ERRNO(EPERM);
    int r = 0;

    for (size_t i = 0; r == 0 && i < sizeof fetcher_not / sizeof *fetcher_not; i++)
        r = seccomp_rule_add(f, no, fetcher_not[i], 0);
    for (unsigned d = 0; r == 0 && d < AF_MAX; d++)
        if (d != AF_INET && d != AF_INET6 && d != AF_NETLINK)
            r = seccomp_rule_add(f, no, SCMP_SYS(socket), 1, SCMP_A0(SCMP_CMP_EQ, d));
    if (r == 0)
        r = seccomp_rule_add(f, no, SCMP_SYS(socket), 1, SCMP_A0(SCMP_CMP_GE, AF_MAX));
    if (r == 0)
        r = seccomp_rule_add(f, no, SCMP_SYS(clone), 1,
                             SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0));
    if (r == 0)
        r = seccomp_rule_add(f, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
    return r;
}

int sandbox_fetcher_filter(void)
{
    scmp_filter_ctx f = seccomp_init(SCMP_ACT_ALLOW);
    int r = f ? add_fetcher_rules(f) : -ENOMEM;

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
