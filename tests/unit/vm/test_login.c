/* test_login.c -- logins: sshd's processes, channels, records, agents; and the
 * calls that wait: poll, FIFOs, alarms, handlers.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <utmp.h>

#include "vm_fixture.h"

static int parents(struct proc *p)
{
    struct vm_procinfo i;
    const struct persona *pe = vm_persona(p);
    char title[64];
    bool user = vm_getuid(p) != 0;
    if (!vm_proc_info(p, vm_getppid(p), &i) || strcmp(i.comm, "sshd") != 0)
        return 1;
    int above = i.ppid;
    snprintf(title, sizeof(title), "sshd: %s@notty", user ? pe->user : "root");
    if (strcmp(i.argv[0], title) != 0)
        return 2;
    if (user) { /* an ordinary user has a monitor with privileges above */
        snprintf(title, sizeof(title), "sshd: %s [priv]", pe->user);
        if (!vm_proc_info(p, above, &i) || strcmp(i.argv[0], title) != 0 || i.uid)
            return 3;
        above = i.ppid;
    }
    if (!vm_proc_info(p, above, &i) || strncmp(i.argv[0], "sshd: /usr/sbin/sshd -D", 23) != 0)
        return 4;
    if (!vm_getenv(p, "SSH_CONNECTION") || vm_getenv(p, "SSH_TTY"))
        return 5;
    return i.ppid == 1 ? 0 : 6;
}

static void test_parents(void **state)
{
    struct fixture f;
    char user[32];
    (void)state;
    assert_int_equal(run_shell(&f, parents), 0);
    fixture_done(&f);
    fixture_world(&f);
    snprintf(user, sizeof(user), "%s", f.persona.user);
    fixture_login(&f, user);
    shell_main = parents;
    fixture_start(&f, false, "x");
    fixture_run(&f, 1000000);
    assert_int_equal(f.ended, 1);
    assert_int_equal(f.status, 0);
    fixture_done(&f);
}

static void test_no_user(void **state)
{
    struct fixture f;
    struct vm_login_conf lc = {.user = "nobody-here", .from = "203.0.113.9"};
    (void)state;
    fixture_world(&f);
    f.vm = vm_new(f.world, "x");
    assert_int_equal(vm_login_new(f.vm, &lc, &f.login), -ENOENT);
    vm_world_free(f.world);
}

/* --- records ------------------------------------------------------------------------ */
static struct utmp last_wtmp, first_utmp;

static int read_records(struct proc *p)
{
    struct vfs_stat st;
    char c;
    int fd = vm_open(p, "/var/log/wtmp", O_RDONLY, 0);
    if (vm_fstat(p, fd, &st) < 0 || st.size % (int64_t)sizeof(last_wtmp) ||
        vm_pread(p, fd, &last_wtmp, sizeof(last_wtmp), st.size - (int64_t)sizeof(last_wtmp)) < 1)
        return 1;
    fd = vm_open(p, "/run/utmp", O_RDONLY, 0);
    if (vm_read(p, fd, &first_utmp, sizeof(first_utmp)) != sizeof(first_utmp))
        return 2;
    return vm_read(p, 0, &c, 1) == 0 ? 0 : 3;
}

static void test_records(void **state)
{
    struct fixture f;
    (void)state;
    fixture_world(&f);
    fixture_login(&f, "root");
    shell_main = read_records;
    fixture_start(&f, true, NULL);
    fixture_run(&f, 0);
    assert_non_null(strstr(fixture_out(f.io), "free software"));
    assert_string_equal(last_wtmp.ut_user, "root");
    assert_string_equal(last_wtmp.ut_line, "pts/0");
    assert_string_equal(last_wtmp.ut_host, "203.0.113.9");
    assert_int_equal(last_wtmp.ut_type, USER_PROCESS);
    assert_string_equal(first_utmp.ut_line, "pts/0");
    fixture_type(&f, "\004");
    assert_int_equal(f.ended, 1);
    assert_int_equal(f.status, 0);
    fixture_out(f.io);
    assert_true(vm_port_eof(f.io));
    /* The next login is told of this one. */
    struct fixture g = f;
    struct vm_login_conf lc = {.user = "root", .from = "203.0.113.10", .id = 9};
    assert_int_equal(vm_login_new(f.vm, &lc, &g.login), 0);
    fixture_start(&g, true, NULL);
    assert_non_null(strstr(fixture_out(g.io), " from 203.0.113.9\r\n"));
    vm_port_close(g.io);
    vm_login_end(g.login);
    fixture_done(&f);
}

/* --- processes outlive the connection -------------------------------------------------- */
static int stay(struct proc *p, void *arg)
{
    (void)arg;
    vm_setsid(p);
    vm_sleep_us(p, 1000000);
    return 0;
}

static int leave_one(struct proc *p)
{
    struct proc *c;
    if (vm_fork(p, &c) > 0)
        vm_start(c, stay, NULL);
    return 0;
}

static void test_outlive(void **state)
{
    struct fixture f;
    (void)state;
    fixture_world(&f);
    fixture_login(&f, "root");
    shell_main = leave_one;
    fixture_start(&f, false, "x");
    fixture_run(&f, 1000);
    assert_int_equal(f.ended, 1);
    assert_false(vm_port_eof(f.io)); /* the child holds it */
    vm_login_end(f.login);
    assert_int_equal(vm_logins(f.vm), 0);
    fixture_run(&f, 2000000);
    assert_true(vm_port_eof(f.io));
    vm_port_close(f.io);
    vm_port_close(f.err);
    vm_world_free(f.world);
}

/* A machine is freed with everything still running in it. */
static void test_free_busy(void **state)
{
    struct fixture f;
    (void)state;
    fixture_world(&f);
    fixture_login(&f, "root");
    shell_main = leave_one;
    fixture_start(&f, false, "x");
    fixture_run(&f, 1000);
    vm_free(f.vm);
    assert_true(vm_world_run(f.world, 1000) == INT64_MAX);
    vm_world_free(f.world);
}

static void test_agent(void **state)
{
    struct fixture f;
    struct vfs_stat st;
    int fds[2];
    char c;
    (void)state;
    fixture_world(&f);
    fixture_login(&f, "root");
    struct proc *a = vm_agent_new(f.login);
    assert_non_null(a);
    int fd = vm_open(a, "upload", O_CREAT | O_WRONLY, 0644);
    assert_true(fd >= 0);
    assert_int_equal(vm_write(a, fd, "abc", 3), 3);
    assert_int_equal(vm_stat(a, "/root/upload", &st), 0);
    assert_int_equal(st.size, 3);
    assert_int_equal(vm_pipe(a, fds), 0);
    assert_int_equal(vm_read(a, fds[0], &c, 1), -EAGAIN);
    vm_agent_free(a);
    vm_login_end(f.login);
    vm_world_free(f.world);
}

/* --- calls that wait -------------------------------------------------------------- */
static int writer(struct proc *p, void *arg)
{
    (void)arg;
    vm_sleep_us(p, 50000);
    int fd = vm_open(p, "/tmp/fifo", O_WRONLY, 0);
    return fd < 0 ? 1 : vm_write(p, fd, "x", 1) == 1 ? 0 : 2;
}

static int signals_seen;

static void count_signal(struct proc *p, int sig)
{
    (void)p;
    signals_seen += sig == SIGALRM;
}

static int waiting(struct proc *p)
{
    struct proc *child;
    struct pollfd fd;
    int fds[2], status;
    char c;
    if (vm_mknod(p, "/tmp/fifo", S_IFIFO | 0600, 0) < 0)
        return 1;
    int pid = vm_fork(p, &child);
    vm_start(child, writer, NULL);
    int f = vm_open(p, "/tmp/fifo", O_RDONLY, 0);
    if (f < 0 || vm_read(p, f, &c, 1) != 1 || vm_read(p, f, &c, 1) != 0)
        return 2;
    if (vm_wait(p, pid, &status, 0) != pid || status != 0)
        return 3;
    if (vm_pipe(p, fds) < 0)
        return 9;
    fd = (struct pollfd){.fd = fds[0], .events = POLLIN};
    int64_t t = vm_mono_us(p);
    if (vm_poll(p, &fd, 1, 250) != 0 || vm_mono_us(p) - t < 250000)
        return 4;
    vm_write(p, fds[1], "x", 1);
    if (vm_poll(p, &fd, 1, -1) != 1 || fd.revents != POLLIN)
        return 5;
    vm_read(p, fds[0], &c, 1);
    signals_seen = 0;
    vm_signal(p, SIGALRM, count_signal, false);
    vm_alarm_us(p, 10000);
    if (vm_read(p, fds[0], &c, 1) != -EINTR || signals_seen != 1)
        return 6;
    vm_alarm_us(p, 10000);
    if (vm_sleep_us(p, 1000000) != -EINTR || signals_seen != 2)
        return 7;
    vm_signal(p, SIGALRM, VM_SIG_DFL, false);
    vm_alarm_us(p, 10000);
    vm_pause(p);
    return 8;
}

static void test_waiting(void **state)
{
    struct fixture f;
    (void)state;
    assert_int_equal(run_shell(&f, waiting), 1000 + SIGALRM);
    fixture_done(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parents),   cmocka_unit_test(test_no_user),
        cmocka_unit_test(test_records),   cmocka_unit_test(test_outlive),
        cmocka_unit_test(test_free_busy), cmocka_unit_test(test_agent),
        cmocka_unit_test(test_waiting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
