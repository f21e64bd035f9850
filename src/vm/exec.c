/* exec.c -- programs: from a path to something that runs.
 *
 * A file runs if it is (by content) a file of the image that an emulated
 * program answers for, or a script whose interpreter runs. Other programs of
 * the image fail as on a system with a broken library; programs that the
 * attacker brought are told to the host and replaced by a stand-in.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <stdio.h>

#include "vm/priv.h"
#include "vm/stdio.h"

enum {
    HEAD = 256,           /* BINPRM_BUF_SIZE */
    SAME_MAX = 4 << 20,   /* bytes of a changed file hashed to know it */
    ARGS_MAX = 2 << 20,   /* E2BIG */
    INTERPRETERS_MAX = 5, /* scripts that name scripts */
};

/* --- struct program: one block with everything in it ------------------------ */
static size_t strings_size(char *const v[], size_t *n)
{
    size_t bytes = 0;
    for (*n = 0; v && v[*n]; ++*n)
        bytes += strlen(v[*n]) + 1;
    return bytes;
}

static char *strings_copy(char *at, char **to, char *const v[], size_t n)
{
    for (size_t i = 0; i < n; i++) {
        size_t k = strlen(v[i]) + 1;
        to[i] = memcpy(at, v[i], k);
        at += k;
    }
    to[n] = NULL;
    return at;
}

struct program *program_new(struct vm *vm, const char *exe, char *const argv[], char *const envp[])
{
    size_t na, ne, exe_n = strlen(exe) + 1;
    size_t text = strings_size(argv, &na) + strings_size(envp, &ne) + exe_n;
    size_t bytes = sizeof(struct program) + (na + ne + 2) * sizeof(char *) + text;
    struct program *g = k_alloc(vm, bytes);
    if (!g)
        return NULL;
    g->refs = 1;
    g->bytes = bytes;
    g->argc = (int)na;
    g->argv = (char **)(g + 1);
    g->envp = g->argv + na + 1;
    char *at = (char *)(g->envp + ne + 1);
    g->exe = memcpy(at, exe, exe_n);
    at = strings_copy(at + exe_n, g->argv, argv, na);
    strings_copy(at, g->envp, envp, ne);
    return g;
}

void program_unref(struct vm *vm, struct program *g)
{
    if (!g || --g->refs)
        return;
    vfs_drop(g->v);
    k_free(vm, g, g->bytes);
}

/* --- programs that are not emulated -------------------------------------------- */
/* As the dynamic linker says it when a library is missing: the library is
 * chosen by name so that the same program always fails alike. */
static int broken_main(struct proc *p, int argc, char **argv)
{
    static const char *const libs[] = {
        "libcrypto.so.3", "libz.so.1",       "libselinux.so.1", "libpcre2-8.so.0", "liblzma.so.5",
        "libzstd.so.1",   "libsystemd.so.0", "libcap.so.2",     "libtinfo.so.6",   "libgcc_s.so.1"};
    const char *name = argc > 0 ? argv[0] : "";
    uint64_t h = hash_fixed(p->prog->exe, strlen(p->prog->exe), 1);
    vf_printf(vf_stderr(p),
              "%s: error while loading shared libraries: %s: cannot open shared object file: "
              "No such file or directory\n",
              name, libs[h % (sizeof(libs) / sizeof(libs[0]))]);
    return 127;
}

static int resident_child(struct proc *p, void *arg)
{
    (void)arg;
    (void)vm_setsid(p);
    fd_close_all(p, false);
    while (vm_pause(p) < 0)
        continue;
    return 0;
}

/* What bots do first: go into the background. */
static int foreign_main(struct proc *p, int argc, char **argv)
{
    (void)argc;
    (void)argv;
    struct proc *c;
    if (vm_fork(p, &c) > 0)
        vm_start(c, resident_child, NULL);
    return 0;
}

/* --- kinds of files ------------------------------------------------------------------ */
static uint16_t le16(const uint8_t *b)
{
    return (uint16_t)(b[0] | b[1] << 8);
}

/* 0 if this machine's kernel would take the ELF file. */
static int elf_check(const uint8_t *b, size_t n)
{
    enum { EM_386 = 3, EM_X86_64 = 62 };
    if (n < 20 || b[5] != 1)
        return -ENOEXEC;
    uint16_t type = le16(b + 16), machine = le16(b + 18);
    if (type != 2 && type != 3)
        return -ENOEXEC;
    if ((b[4] == 2 && machine == EM_X86_64) || (b[4] == 1 && machine == EM_386))
        return 0;
    return -ENOEXEC;
}

/* Splits "#! interpreter argument": false if there is none. */
static bool script_line(char *head, size_t n, char **interp, char **arg)
{
    if (n < 3 || head[0] != '#' || head[1] != '!')
        return false;
    head[n < HEAD ? n : HEAD - 1] = 0;
    char *end = strchr(head, '\n');
    if (end)
        *end = 0;
    char *s = head + 2 + strspn(head + 2, " \t");
    if (!*s)
        return false;
    *interp = s;
    s += strcspn(s, " \t");
    *arg = NULL;
    if (*s) {
        *s++ = 0;
        s += strspn(s, " \t");
        size_t k = strlen(s);
        while (k && (s[k - 1] == ' ' || s[k - 1] == '\t'))
            s[--k] = 0;
        if (k)
            *arg = s;
    }
    return true;
}

/* argv of a script: interpreter [arg] path argv[1..]; in the asker's arena. */
static char **script_argv(struct proc *p, char *const argv[], const char *path, const char *interp,
                          const char *arg)
{
    size_t n = 0;
    while (argv && argv[n])
        n++;
    char **out = vm_alloc(p, (n + 4) * sizeof(char *));
    size_t k = 0;
    out[k++] = vm_strdup(p, interp);
    if (arg)
        out[k++] = vm_strdup(p, arg);
    out[k++] = vm_strdup(p, path);
    for (size_t i = 1; i < n; i++)
        out[k++] = argv[i];
    return out;
}

static int find_executable(struct proc *p, const char *path, struct vnode *v)
{
    struct vfs_walk w = proc_walk(p);
    struct vfs_stat st;
    int err = vfs_walk(&w, path, 0, v);
    if (err < 0)
        return err;
    err = vfs_stat(*v, p, &st);
    if (err < 0)
        return err;
    if (!S_ISREG(st.mode) || !(st.mode & 0111))
        return -EACCES;
    return vfs_permitted(&p->cred, &st, 1);
}

/* The main that answers for a file; sets *is_text for what is no program. */
static int main_of(struct proc *p, struct vnode v, const uint8_t *head, size_t n, vm_main_fn **out,
                   bool *foreign)
{
    struct vm *vm = p->vm;
    uint64_t id = v.fs == vm->disk ? vfs_disk_same_as(vm->disk, v.ino, SAME_MAX) : 0;
    *foreign = false;
    *out = id ? world_program(vm->world, id) : NULL;
    if (*out)
        return 0;
    if (n < 4 || memcmp(head, "\177ELF", 4) != 0)
        return -ENOEXEC;
    int err = elf_check(head, n);
    if (err < 0)
        return err;
    *foreign = id == 0;
    *out = id ? broken_main : foreign_main;
    return 0;
}

static void tell_host(struct proc *p, const struct program *g, bool foreign)
{
    const struct vm_hooks *h = &p->vm->world->conf.hooks;
    if (foreign && h->foreign_exec)
        h->foreign_exec(h->ctx, p->vm, p->login, g->exe, g->v);
    if (g->main == broken_main && h->not_emulated)
        h->not_emulated(h->ctx, p->vm, p->login, g->exe);
}

static int absolute(struct proc *p, const char *path, char *out, size_t n)
{
    int err = vm_realpath(p, path, out, n);
    return err < 0 && str_copy(out, n, path) ? 0 : err < 0 ? err : 0;
}

int exec_prepare(struct proc *p, const char *path, char *const argv[], char *const envp[],
                 struct program **out)
{
    size_t na, ne;
    if (strings_size(argv, &na) + strings_size(envp, &ne) > ARGS_MAX)
        return -E2BIG;
    const char *file = path;
    for (int depth = 0; depth <= INTERPRETERS_MAX; depth++) {
        struct vnode v;
        int err = find_executable(p, file, &v);
        if (err < 0)
            return err;
        uint8_t head[HEAD] = {0};
        ssize_t got = vfs_read(v, p, head, sizeof(head) - 1, 0);
        if (got < 0)
            return (int)got;
        char *interp, *arg;
        vm_main_fn *fn;
        bool foreign;
        err = main_of(p, v, head, (size_t)got, &fn, &foreign);
        if (err < 0 && script_line((char *)head, (size_t)got, &interp, &arg)) {
            argv = script_argv(p, argv, file, interp, arg);
            file = argv[0];
            continue;
        }
        if (err < 0)
            return err;
        char exe[VFS_PATH_MAX];
        err = absolute(p, file, exe, sizeof(exe));
        if (err < 0)
            return err;
        struct program *g = program_new(p->vm, exe, argv, envp);
        if (!g)
            return -ENOMEM;
        g->main = fn;
        g->v = v;
        vfs_hold(v);
        const char *base = strrchr(path, '/');
        str_copy(p->comm, sizeof(p->comm), base ? base + 1 : path);
        tell_host(p, g, foreign);
        *out = g;
        return 0;
    }
    return -ELOOP;
}

/* --- exec ---------------------------------------------------------------------------------- */
void exec_commit(struct proc *p, struct program *g)
{
    struct vm *vm = p->vm;
    program_unref(vm, p->prog);
    p->prog = g;
    p->execed = true;
    p->own = NULL;
    fd_close_all(p, true);
    if (p->actions)
        k_free(vm, p->actions, NSIG_MAX * sizeof(*p->actions));
    p->actions = NULL;
    p->fn = NULL;
    while (!list_empty(&p->arenas)) {
        struct proc_arena *pa = LIST_ENTRY(p->arenas.next, struct proc_arena, link);
        list_del(&pa->link);
        arena_free(pa->arena);
    }
    struct arena *fresh = arena_new(&vm->prog, 0);
    if (fresh) {
        arena_free(p->arena);
        p->arena = fresh;
    }
    p->streams = NULL;
    memset(p->std, 0, sizeof(p->std));
    p->env = NULL;
}

int vm_exec(struct proc *p, const char *path, char *const argv[], char *const envp[])
{
    struct program *g;
    BURN(p, 20);
    int err = exec_prepare(p, path, argv, envp, &g);
    if (err < 0)
        return err;
    exec_commit(p, g);
    if (!p->fiber || p != p->vm->world->running)
        return -EAGAIN;
    fiber_restart(proc_entry, p);
}

struct spawn {
    const char *path;
    char *const *argv, *const *envp;
    void (*setup)(struct proc *child, void *arg);
    void *arg;
    int err;
    bool done;
    struct program *g;
    struct waitq q;
};

/* The parent sleeps until the child's exec has succeeded or failed, as after
 * vfork: what s points at stays alive, unless the parent is killed. */
static int spawn_child(struct proc *p, void *arg)
{
    struct spawn *s = arg;
    if (p->parent && s->setup)
        s->setup(p, s->arg);
    if (!p->parent)
        return 127; /* the parent, and s with it, has gone */
    s->err = exec_prepare(p, s->path, s->argv, s->envp, &s->g);
    s->done = true;
    struct program *g = s->g;
    int err = s->err;
    waitq_wake(&s->q);
    if (err < 0)
        return 127;
    exec_commit(p, g);
    fiber_restart(proc_entry, p);
}

int vm_spawn(struct proc *p, const char *path, char *const argv[], char *const envp[],
             void (*setup)(struct proc *child, void *arg), void *arg)
{
    struct spawn s = {.path = path, .argv = argv, .envp = envp, .setup = setup, .arg = arg};
    struct proc *c;
    int pid = vm_fork(p, &c);
    if (pid < 0)
        return pid;
    vm_start(c, spawn_child, &s);
    uint64_t mask = p->sig_blocked;
    p->sig_blocked = ~UINT64_C(0) & ~(UINT64_C(1) << (SIGKILL - 1));
    while (!s.done && proc_find(p->vm, pid) && proc_find(p->vm, pid)->state != P_ZOMBIE) {
        proc_wait_on(p, &s.q, NULL);
        struct waiter dead = {.p = p};
        proc_wait_on(p, &p->child_q, &dead);
        (void)proc_sleep(p, INT64_MAX, true);
    }
    p->sig_blocked = mask;
    if (!s.done || s.err == 0)
        return pid;
    int status;
    (void)vm_wait(p, pid, &status, 0);
    return s.err;
}

/* --- PATH ------------------------------------------------------------------------------------- */
static int program_at(struct proc *p, const char *path)
{
    struct vnode v;
    return find_executable(p, path, &v);
}

int vm_find_program(struct proc *p, const char *name, char *out, size_t n)
{
    int worst = -ENOENT;
    if (strchr(name, '/')) {
        int err = program_at(p, name);
        return err < 0 ? err : str_copy(out, n, name) ? 0 : -ENAMETOOLONG;
    }
    const char *path = vm_getenv(p, "PATH");
    if (!path)
        path = "/usr/local/bin:/usr/bin:/bin";
    if (!*name)
        return -ENOENT;
    for (;;) {
        size_t k = strcspn(path, ":");
        if (str_fmt(out, n, "%.*s%s%s", (int)k, path, k ? "/" : "", name)) {
            int err = program_at(p, out);
            if (err == 0)
                return 0;
            if (err == -EACCES)
                worst = err;
        }
        if (!path[k])
            return worst;
        path += k + 1;
    }
}
