/* test_proc.c -- processes, signals, pipes, files through the calls.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "vm_fixture.h"

static int child_42(struct proc *p, void *arg)
{
    (void)p;
    return *(int *)arg;
}

static int fork_wait(struct proc *p)
{
    struct proc *c;
    int status = 0;
    int pid = vm_fork(p, &c);
    int *v = vm_alloc(c, sizeof(*v));
    *v = 42;
    vm_start(c, child_42, v);
    if (vm_wait(p, pid, &status, 0) != pid || WEXITSTATUS(status) != 42)
        return 1;
    return vm_wait(p, -1, &status, 0) == -ECHILD ? 0 : 2;
}

static void test_fork(void **state)
{
    struct fixture f;
    (void)state;
    assert_int_equal(run_shell(&f, fork_wait), 0);
    fixture_done(&f);
}

static int spawn_echo(struct proc *p)
{
    char *argv[] = {"echo", "hello", NULL};
    int status;
    int pid = vm_spawn(p, "/bin/echo", argv, vm_environ(p), NULL, NULL);
    if (pid < 0)
        return -pid;
    if (vm_wait(p, pid, &status, 0) != pid)
        return 200;
    if (vm_spawn(p, "/bin/nothing", argv, vm_environ(p), NULL, NULL) != -ENOENT)
        return 201;
    return WEXITSTATUS(status);
}

static void test_spawn(void **state)
{
    struct fixture f;
    (void)state;
    assert_int_equal(run_shell(&f, spawn_echo), 0);
    assert_string_equal(fixture_out(f.io), "echo\nhello\n");
    assert_true(vm_port_eof(f.io));
    fixture_done(&f);
}

static int yes_child(struct proc *p, void *arg)
{
    (void)arg;
    for (;;)
        if (vm_write_all(p, 1, "yyyyyyyyyyyyyyy\n", 16) < 0)
            return 7;
    return 0;
}

/* yes | head: the writer dies of SIGPIPE, having been held back. */
static int pipe_pressure(struct proc *p)
{
    int fds[2], status;
    char buf[1000];
    struct proc *c;
    if (vm_pipe(p, fds) < 0)
        return 1;
    int pid = vm_fork(p, &c);
    vm_dup2(c, fds[1], 1);
    vm_close(c, fds[0]);
    vm_close(c, fds[1]);
    vm_close(p, fds[1]);
    vm_start(c, yes_child, NULL);
    size_t sum = 0;
    while (sum < 200000) {
        ssize_t n = vm_read(p, fds[0], buf, sizeof(buf));
        if (n <= 0)
            return 2;
        sum += (size_t)n;
    }
    vm_close(p, fds[0]);
    if (vm_wait(p, pid, &status, 0) != pid)
        return 3;
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGPIPE ? 0 : 4;
}

static void test_pipe(void **state)
{
    struct fixture f;
    (void)state;
    assert_int_equal(run_shell(&f, pipe_pressure), 0);
    fixture_done(&f);
}

static int files(struct proc *p)
{
    struct vfs_stat st;
    char buf[64];
    int fd = vm_open(p, "/tmp/x", O_WRONLY | O_CREAT | O_TRUNC, 0666);
    if (fd < 0)
        return -fd;
    if (vm_write_all(p, fd, "hello\n", 6) != 6)
        return 2;
    vm_close(p, fd);
    if (vm_stat(p, "/tmp/x", &st) < 0 || st.size != 6 || (st.mode & 07777) != 0644)
        return 3;
    if (vm_mkdir(p, "/tmp/d", 0777) < 0 || vm_mkdir(p, "/tmp/d", 0777) != -EEXIST)
        return 4;
    if (vm_rename(p, "/tmp/x", "/tmp/d/y") < 0 || vm_stat(p, "/tmp/x", &st) != -ENOENT)
        return 5;
    if (vm_chdir(p, "/tmp/d") < 0 || vm_getcwd(p, buf, sizeof(buf)) < 0 || strcmp(buf, "/tmp/d"))
        return 6;
    if (vm_symlink(p, "y", "z") < 0 || vm_realpath(p, "z", buf, sizeof(buf)) < 0 ||
        strcmp(buf, "/tmp/d/y"))
        return 7;
    fd = vm_open(p, "z", O_RDONLY, 0);
    if (vm_read(p, fd, buf, sizeof(buf)) != 6)
        return 8;
    if (vm_open(p, "nope/x", O_CREAT | O_WRONLY, 0666) != -ENOENT)
        return 9;
    if (vm_rmdir(p, "/tmp/d") != -ENOTEMPTY || vm_unlink(p, "/tmp/d") != -EISDIR)
        return 10;
    if (vm_open(p, "/etc", O_WRONLY, 0) != -EISDIR)
        return 11;
    return 0;
}

static void test_files(void **state)
{
    struct fixture f;
    (void)state;
    assert_int_equal(run_shell(&f, files), 0);
    fixture_done(&f);
}

static int loop_forever(struct proc *p, void *arg)
{
    (void)arg;
    for (;;)
        vm_tick(p, 1);
    return 0;
}

static int kill_busy(struct proc *p)
{
    struct proc *c;
    int status, pid = vm_fork(p, &c);
    vm_start(c, loop_forever, NULL);
    if (vm_sleep_us(p, 1000) != 0)
        return 1;
    if (vm_kill(p, pid, SIGTERM) != 0 || vm_wait(p, pid, &status, 0) != pid)
        return 2;
    if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGTERM)
        return 3;
    return vm_kill(p, pid, 0) == -ESRCH ? 0 : 4;
}

static void test_kill(void **state)
{
    struct fixture f;
    (void)state;
    assert_int_equal(run_shell(&f, kill_busy), 0);
    fixture_done(&f);
}

static int bomb(struct proc *p, void *arg)
{
    (void)arg;
    for (;;) {
        struct proc *c;
        if (vm_fork(p, &c) < 0)
            vm_sleep_us(p, 1000000);
        else
            vm_start(c, bomb, NULL);
    }
    return 0;
}

static int fork_bomb(struct proc *p)
{
    struct proc *c;
    int pid = vm_fork(p, &c);
    vm_start(c, bomb, NULL);
    vm_sleep_us(p, 100000);
    int err = vm_fork(p, &c);
    return pid > 0 && err == -EAGAIN ? 0 : 1;
}

static void test_fork_bomb(void **state)
{
    struct fixture f;
    (void)state;
    assert_int_equal(run_shell(&f, fork_bomb), 0);
    fixture_done(&f);
}

static int eat(struct proc *p, void *arg)
{
    (void)arg;
    for (;;)
        vm_alloc(p, 100000);
    return 0;
}

static int oom(struct proc *p)
{
    struct proc *c;
    int status, pid = vm_fork(p, &c);
    vm_start(c, eat, NULL);
    if (vm_wait(p, pid, &status, 0) != pid)
        return 1;
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL ? 0 : 2;
}

static void test_oom(void **state)
{
    struct fixture f;
    (void)state;
    assert_int_equal(run_shell(&f, oom), 0);
    fixture_done(&f);
}

static int too_many_files(struct proc *p)
{
    int fd, n = 0;
    while ((fd = vm_dup(p, 0, 0)) >= 0)
        n++;
    return fd == -EMFILE && n == 1024 - 3 ? 0 : 1;
}

static void test_emfile(void **state)
{
    struct fixture f;
    (void)state;
    assert_int_equal(run_shell(&f, too_many_files), 0);
    fixture_done(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fork), cmocka_unit_test(test_spawn),
        cmocka_unit_test(test_pipe), cmocka_unit_test(test_files),
        cmocka_unit_test(test_kill), cmocka_unit_test(test_fork_bomb),
        cmocka_unit_test(test_oom),  cmocka_unit_test(test_emfile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
