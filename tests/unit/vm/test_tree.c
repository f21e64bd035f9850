/* test_tree.c -- /proc, /sys, /dev and what the persona owns: there, and in
 * agreement with each other.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <stdlib.h>

#include "vm_fixture.h"

static char got[1 << 18];

/* A file's text, or "" and the error. */
static const char *slurp(struct proc *p, const char *path)
{
    got[0] = 0;
    int fd = vm_open(p, path, O_RDONLY, 0);
    if (fd < 0) {
        snprintf(got, sizeof(got), "E%d", -fd);
        return got;
    }
    size_t n = 0;
    ssize_t k;
    while ((k = vm_read(p, fd, got + n, sizeof(got) - 1 - n)) > 0)
        n += (size_t)k;
    got[n] = 0;
    vm_close(p, fd);
    return got;
}

static int identity(struct proc *p)
{
    const struct persona *pe = vm_persona(p);
    char text[256], link[256];
    snprintf(text, sizeof(text), "%s\n", pe->hostname);
    if (strcmp(slurp(p, "/etc/hostname"), text) != 0 ||
        strcmp(slurp(p, "/proc/sys/kernel/hostname"), text) != 0)
        return 1;
    snprintf(text, sizeof(text), "/sys/class/net/%s/address", pe->net_if);
    if (strncmp(slurp(p, text), pe->mac, strlen(pe->mac)) != 0)
        return 2;
    snprintf(text, sizeof(text), "MemTotal:       %8llu kB\n", (unsigned long long)pe->mem_kib);
    if (strncmp(slurp(p, "/proc/meminfo"), text, strlen(text)) != 0)
        return 3;
    unsigned cpus = 0;
    for (const char *s = slurp(p, "/proc/cpuinfo"); (s = strstr(s, "processor\t:")); s++)
        cpus++;
    if (cpus != pe->cpu.count)
        return 4;
    if (vm_readlink(p, "/proc/self/exe", link, sizeof(link)) <= 0 ||
        strcmp(link, "/usr/bin/bash") != 0)
        return 5;
    snprintf(text, sizeof(text), "%d", vm_getpid(p));
    if (vm_readlink(p, "/proc/self", link, sizeof(link)) <= 0 || strcmp(link, text) != 0)
        return 6;
    if (!strstr(slurp(p, "/etc/shadow"), pe->root_hash) ||
        !strstr(slurp(p, "/etc/passwd"), pe->user))
        return 7;
    if (strcmp(slurp(p, "/etc/mtab"), "E2") == 0 || !strstr(got, " / ext4 "))
        return 8;
    return 0;
}

static void test_identity(void **state)
{
    struct fixture f;
    (void)state;
    assert_int_equal(run_shell(&f, identity), 0);
    fixture_done(&f);
}

static int devices(struct proc *p)
{
    char buf[64];
    struct vfs_stat st;
    int fd = vm_open(p, "/dev/null", O_RDWR | O_CREAT | O_TRUNC, 0666);
    if (fd < 0 || vm_write(p, fd, "x", 1) != 1 || vm_read(p, fd, buf, 1) != 0)
        return 1;
    fd = vm_open(p, "/dev/zero", O_RDONLY, 0);
    if (vm_read(p, fd, buf, 64) != 64 || buf[0] || buf[63])
        return 2;
    fd = vm_open(p, "/dev/full", O_WRONLY, 0);
    if (vm_write(p, fd, "x", 1) != -ENOSPC)
        return 3;
    fd = vm_open(p, "/dev/shm/x", O_WRONLY | O_CREAT, 0600);
    if (fd < 0 || vm_write(p, fd, "abc", 3) != 3 || vm_stat(p, "/dev/shm/x", &st) || st.size != 3)
        return 4;
    if (vm_stat(p, "/dev/stdin", &st) < 0 || vm_open(p, "/dev/tty", O_RDWR, 0) != -ENXIO)
        return 5;
    fd = vm_open(p, "/dev/stdout", O_WRONLY, 0);
    if (fd < 0 || vm_write(p, fd, "out\n", 4) != 4)
        return 6;
    fd = vm_open(p, "/proc/version", O_WRONLY, 0);
    if (vm_write(p, fd, "x", 1) != -EIO || vm_unlink(p, "/proc/version") != -EPERM ||
        vm_open(p, "/sys/x", O_WRONLY | O_CREAT, 0666) != -EACCES)
        return 7;
    if (vm_mkdir(p, "/proc/x", 0777) != -ENOENT)
        return 8;
    if (vm_open(p, "/run/x", O_WRONLY | O_CREAT, 0666) < 0)
        return 9;
    if (vm_chdir(p, "/var/run") < 0 || vm_getcwd(p, buf, sizeof(buf)) < 0 || strcmp(buf, "/run"))
        return 10;
    return 0;
}

static void test_devices(void **state)
{
    struct fixture f;
    (void)state;
    assert_int_equal(run_shell(&f, devices), 0);
    assert_string_equal(fixture_out(f.io), "out\n");
    fixture_done(&f);
}

/* Every process of the table is a directory of /proc, and the other way round. */
static int processes(struct proc *p)
{
    struct vm_dirent *all;
    struct vm_procinfo i;
    int dirs = 0, rows = 0, found = 0;
    char path[64];
    if (vm_readdir(p, "/proc", &all) < 0)
        return 1;
    for (; all->name; all++)
        dirs += atoi(all->name) > 0;
    for (int pid = 0; vm_proc_next(p, pid, &i); rows++) {
        if (i.pid <= pid)
            return 2;
        pid = i.pid;
        found += strcmp(i.comm, "sshd") == 0 || strcmp(i.comm, "bash") == 0;
        struct vm_procinfo parent;
        if (!vm_proc_info(p, i.ppid, &parent) && i.ppid != 0)
            return 3;
        snprintf(path, sizeof(path), "/proc/%d/stat", pid);
        if (atoi(slurp(p, path)) != pid)
            return 4;
        snprintf(path, sizeof(path), "/proc/%d/status", pid);
        if (!strstr(slurp(p, path), "\nPid:\t"))
            return 5;
    }
    if (found != 3)
        return 6;
    return dirs == rows && rows > 40 ? 0 : 7;
}

static void test_processes(void **state)
{
    struct fixture f;
    (void)state;
    assert_int_equal(run_shell(&f, processes), 0);
    fixture_done(&f);
}

/* Walks everything below a directory; no file may fail to be read. */
static int walk(struct proc *p, const char *dir, int *count)
{
    struct vm_dirent *all;
    char path[512];
    if (vm_readdir(p, dir, &all) < 0)
        return 1;
    for (; all->name; all++) {
        struct vfs_stat st;
        snprintf(path, sizeof(path), "%s/%s", dir, all->name);
        ++*count;
        if (vm_lstat(p, path, &st) < 0)
            return 2;
        if (S_ISREG(st.mode) && slurp(p, path)[0] == 'E' && got[1] == '2')
            return 3;
        if (got[0] == 1)
            return 4;
        if (S_ISDIR(st.mode) && walk(p, path, count))
            return 5;
    }
    return 0;
}

static int everything(struct proc *p)
{
    int n = 0;
    if (walk(p, "/proc", &n) || walk(p, "/sys", &n) || walk(p, "/dev", &n))
        return 1;
    return n > 3000 ? 0 : 2;
}

static void test_everything(void **state)
{
    struct fixture f;
    (void)state;
    assert_int_equal(run_shell(&f, everything), 0);
    fixture_done(&f);
}

static void test_persona(void **state)
{
    static char text[16384], why[128];
    struct persona a, b;
    (void)state;
    persona_draw(&a, 7, INT64_C(1750000000000000), vfs_image_builtin());
    assert_int_equal(persona_print(&a, text, sizeof(text)), 0);
    assert_int_equal(persona_parse(&b, text, why, sizeof(why)), 0);
    assert_string_equal(a.mac, b.mac);
    assert_string_equal(a.cpu.flags, b.cpu.flags);
    assert_int_equal(a.boot_real_us, b.boot_real_us);
    persona_draw(&b, 8, INT64_C(1750000000000000), vfs_image_builtin());
    assert_string_not_equal(a.machine_id, b.machine_id);
    assert_string_not_equal(a.mac, b.mac);
    assert_string_not_equal(a.root_hash, b.root_hash);
    assert_true(persona_parse(&b, "hostname = x\n", why, sizeof(why)) < 0);
    assert_true(persona_parse(&b, "what = x\n", why, sizeof(why)) < 0);
    assert_string_equal(why, "line 1: unknown key");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_identity),  cmocka_unit_test(test_devices),
        cmocka_unit_test(test_processes), cmocka_unit_test(test_everything),
        cmocka_unit_test(test_persona),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
