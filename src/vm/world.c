/* world.c -- what all machines of a sensor share, and the machines themselves.
 *
 * A machine is one block from its own arena plus its disk layer; everything
 * that is the same for all (programs by inode, daemons, first pid) is worked
 * out once, when the world is made.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <stdio.h>

#include "vm/priv.h"
#include "vm/skel.h"

/* --- memory of the kernel ------------------------------------------------------ */
void *k_alloc(struct vm *vm, size_t n)
{
    return arena_zalloc(vm->arena, n);
}

void k_free(struct vm *vm, void *p, size_t n)
{
    if (p)
        arena_release(vm->arena, p, n);
}

char *k_strdup(struct vm *vm, const char *s)
{
    size_t n = strlen(s) + 1;
    char *out = k_alloc(vm, n);
    return out ? memcpy(out, s, n) : NULL;
}

void k_strfree(struct vm *vm, char *s)
{
    if (s)
        k_free(vm, s, strlen(s) + 1);
}

/* The programs of a machine want more than it has: the one that asked dies, as
 * the kernel's OOM killer would have it. */
static void out_of_memory(void *ctx)
{
    struct vm *vm = ctx;
    struct proc *p = vm->world->running;
    if (!p || p->vm != vm || !p->fiber)
        return;
    limit_hit(vm, p, LIMIT_MEMORY);
    vm_exit_signal(p, SIGKILL);
}

void limit_hit(struct vm *vm, struct proc *p, enum vm_limit which)
{
    static const char *const names[] = {"memory", "processes", "disk", "files", "output"};
    const struct vm_hooks *h = &vm->world->conf.hooks;
    /* Told once a machine and second: a fork bomb hits it a million times. */
    int64_t now = clock_mono_us(vm->world->clock);
    if (!h->limit || now < vm->limit_told_us[which])
        return;
    vm->limit_told_us[which] = now + 1000000;
    h->limit(h->ctx, vm, p ? p->login : NULL, names[which]);
}

/* --- programs by inode ------------------------------------------------------------ */
vm_main_fn *world_program(const struct vm_world *w, uint64_t ino)
{
    return ino < w->nprograms ? w->programs[ino] : NULL;
}

/* Finds path in the image: its inode if it is a regular file, 0 otherwise.
 * *linked tells whether a last symlink led there. */
static uint64_t image_file(struct vfs_tree *tree, struct vfs_fs *fs, const char *path, bool *linked)
{
    struct vfs_cred root = {0};
    struct vnode top = {fs, fs->root}, v, direct;
    struct vfs_walk walk = {.tree = tree, .cred = &root, .root = top, .cwd = top};
    struct vfs_stat st;
    if (vfs_walk(&walk, path, 0, &v) < 0 || vfs_walk(&walk, path, VFS_WALK_NOFOLLOW, &direct) < 0)
        return 0;
    *linked = v.ino != direct.ino;
    return vfs_stat(v, NULL, &st) == 0 && S_ISREG(st.mode) ? v.ino : 0;
}

static void program_add(struct vm_world *w, struct vfs_tree *tree, struct vfs_fs *fs,
                        const struct vm_program *pr, bool links)
{
    char path[256];
    const char *const dirs[] = {"/usr/bin/", "/usr/sbin/", "/bin/", "/sbin/"};
    bool linked;
    for (size_t i = 0; i < 4; i++) {
        if (!str_fmt(path, sizeof(path), "%s%s", dirs[i], pr->name))
            continue;
        uint64_t ino = image_file(tree, fs, path, &linked);
        if (ino && ino < w->nprograms && linked == links && !w->programs[ino])
            w->programs[ino] = pr->main;
    }
    for (size_t i = 0; pr->paths && pr->paths[i]; i++) {
        uint64_t ino = image_file(tree, fs, pr->paths[i], &linked);
        if (ino && ino < w->nprograms && linked == links && !w->programs[ino])
            w->programs[ino] = pr->main;
    }
}

/* A name that is the file itself goes before one that is a link to it. */
static int programs_init(struct vm_world *w)
{
    struct arena_budget budget = {.max = 16 << 20};
    struct arena *a = arena_new(&budget, 0);
    struct vfs_disk_conf dc = {.image = w->conf.image,
                               .arena = a,
                               .clock = w->clock,
                               .max_bytes = 1 << 20,
                               .max_inodes = 100,
                               .type = "ext4"};
    struct vfs_fs *fs = a ? vfs_disk_new(&dc) : NULL;
    struct vfs_tree tree;
    int err = fs ? vfs_tree_init(&tree, a, fs, "/dev/root", "rw") : -ENOMEM;
    w->nprograms = vfs_image_inodes(w->conf.image) + 2;
    w->programs = arena_zalloc(w->arena, w->nprograms * sizeof(*w->programs));
    if (!w->programs)
        err = -ENOMEM;
    for (int links = 0; links < 2 && err == 0; links++)
        for (size_t t = 0; w->conf.tables && w->conf.tables[t]; t++)
            for (const struct vm_program *pr = w->conf.tables[t]; pr->name; pr++)
                program_add(w, &tree, fs, pr, links);
    if (fs && fs->ops->free)
        fs->ops->free(fs);
    arena_free(a);
    return err;
}

/* --- the world -------------------------------------------------------------------------- */
static void limits_default(struct vm_limits *l)
{
    l->memory = l->memory ? l->memory : 64 << 20;
    l->disk = l->disk ? l->disk : 64 << 20;
    l->inodes = l->inodes ? l->inodes : 20000;
    l->all_memory = l->all_memory ? l->all_memory : 1 << 30;
    l->processes = l->processes ? l->processes : 120;
    l->files = l->files ? l->files : 1024;
    l->fuel = l->fuel ? l->fuel : 2000;
}

struct vm_world *vm_world_new(const struct vm_world_conf *conf)
{
    struct vm_world *w = x_calloc(1, sizeof(*w));
    if (!w)
        return NULL;
    w->conf = *conf;
    w->clock = conf->clock;
    limits_default(&w->conf.limits);
    list_init(&w->vms);
    list_init(&w->ready);
    list_init(&w->dirty);
    list_init(&w->ended);
    list_init(&w->fetches);
    w->budget.max = 64 << 20;
    w->arena = arena_new(&w->budget, 0);
    w->by_key = w->arena ? arena_zalloc(w->arena, KEY_BUCKETS * sizeof(*w->by_key)) : NULL;
    if (!w->by_key || programs_init(w) < 0)
        goto fail;
    daemons_init(w);
    if (skel_init(w) < 0 || skel_layer(w) < 0)
        goto fail;
    return w;
fail:
    vm_world_free(w);
    return NULL;
}

void vm_world_free(struct vm_world *w)
{
    if (!w)
        return;
    while (!list_empty(&w->vms))
        vm_free(LIST_ENTRY(w->vms.next, struct vm, in_world));
    skel_done(w);
    arena_free(w->arena);
    x_free(w->heap);
    x_free(w);
}

uint64_t vm_world_memory(const struct vm_world *w)
{
    uint64_t sum = w->budget.used;
    LIST_EACH(l, &w->vms) sum += vm_memory(LIST_ENTRY(l, struct vm, in_world));
    return sum;
}

/* --- a machine ----------------------------------------------------------------------------- */
static int disk_init(struct vm *vm)
{
    const struct vm_world_conf *c = &vm->world->conf;
    const struct persona *pe = c->persona;
    uint64_t blocks = pe->disk_bytes / 4096, used = pe->root_used_bytes / 4096;
    struct vfs_disk_conf dc = {
        .image = c->image,
        .arena = vm->arena,
        .below = vm->world->skel->base,
        .clock = vm->world->clock,
        .dev = persona_disk_major(pe) << 8 | 1,
        .max_bytes = c->limits.disk,
        .max_inodes = c->limits.inodes,
        .shown_blocks = blocks,
        .shown_free = blocks > used ? blocks - used : 0,
        .shown_inodes = pe->disk_bytes / 16384,
        .type = "ext4",
    };
    vm->disk = vfs_disk_new(&dc);
    return vm->disk ? machine_mounts(vm) : -ENOMEM;
}

static void make_room(struct vm_world *w)
{
    uint64_t max = w->conf.limits.all_memory;
    if (vm_world_memory(w) < max)
        return;
    /* The list is in the order of use; machines with logins are in use now. */
    LIST_EACH_SAFE(l, &w->vms)
    {
        struct vm *vm = LIST_ENTRY(l, struct vm, in_world);
        if (vm_logins(vm))
            continue;
        limit_hit(vm, NULL, LIMIT_MEMORY);
        vm_free(vm);
        if (vm_world_memory(w) < max - max / 16)
            return;
    }
}

/* Ids grow with time as on a machine where cron and others fork. */
int world_next_pid(const struct vm_world *w)
{
    int64_t age = clock_real_us(w->clock) - w->conf.persona->boot_real_us;
    return w->first_pid + (int)((age > 0 ? age : 0) / 60000000 * 3 % 2000000);
}

static struct vm **bucket(struct vm_world *w, const char *key)
{
    return &w->by_key[hash_str(key) % KEY_BUCKETS];
}

struct vm *vm_new(struct vm_world *w, const char *key)
{
    if (++w->made % 64 == 0)
        make_room(w);
    struct vm *vm = x_calloc(1, sizeof(*vm));
    if (!vm)
        return NULL;
    vm->world = w;
    list_init(&vm->run);
    list_init(&vm->procs);
    list_init(&vm->ready);
    list_init(&vm->logins);
    list_init(&vm->ttys);
    list_init(&vm->fifos);
    list_push(&w->vms, &vm->in_world);
    vm->kern = (struct arena_budget){.max = w->conf.limits.memory};
    vm->prog =
        (struct arena_budget){.max = w->conf.limits.memory, .on_limit = out_of_memory, .ctx = vm};
    vm->arena = arena_new(&vm->kern, 0);
    vm->made_us = vm->last_used_us = clock_mono_us(w->clock);
    str_copy(vm->hostname, sizeof(vm->hostname), w->conf.persona->hostname);
    vm->rng = rng_named(w->conf.seed ^ w->made * UINT64_C(0x9e3779b97f4a7c15), key ? key : "");
    vm->last_pid = world_next_pid(w) + (int)rng_below(&vm->rng, 200);
    vm->next_ino = 20000 + rng_below(&vm->rng, 20000);
    if (!vm->arena || (key && !(vm->key = k_strdup(vm, key))) || disk_init(vm) < 0) {
        vm_free(vm);
        return NULL;
    }
    if (key) {
        struct vm **b = bucket(w, key);
        vm->next_key = *b;
        *b = vm;
    }
    return vm;
}

/* Drops everything without a word to anyone: hooks and callbacks are off. */
void vm_free(struct vm *vm)
{
    if (!vm)
        return;
    struct vm_world *w = vm->world;
    LIST_EACH(l, &vm->procs)
    {
        struct proc *p = LIST_ENTRY(l, struct proc, table);
        timer_stop(w, &p->sleep_timer);
        timer_stop(w, &p->alarm_timer);
        fiber_free(p->fiber);
        while (!list_empty(&p->arenas)) {
            struct proc_arena *pa = LIST_ENTRY(p->arenas.next, struct proc_arena, link);
            list_del(&pa->link);
            arena_free(pa->arena);
        }
        arena_free(p->arena);
    }
    fetch_forget_machine(vm);
    LIST_EACH_SAFE(l, &w->dirty)
    {
        struct vm_port *port = LIST_ENTRY(l, struct vm_port, dirty);
        if (port->vm == vm)
            list_del(&port->dirty);
    }
    login_forget_machine(vm);
    for (struct vm **b = vm->key ? bucket(w, vm->key) : NULL; b && *b; b = &(*b)->next_key)
        if (*b == vm) {
            *b = vm->next_key;
            break;
        }
    list_del(&vm->run);
    list_del(&vm->in_world);
    machine_unmount(vm);
    arena_free(vm->arena);
    x_free(vm);
}

struct vm *vm_find(struct vm_world *w, const char *key)
{
    if (!key)
        return NULL;
    struct vm *vm = *bucket(w, key);
    while (vm && strcmp(vm->key, key) != 0)
        vm = vm->next_key;
    if (!vm)
        return NULL;
    list_del(&vm->in_world); /* used now: to the end */
    list_push(&w->vms, &vm->in_world);
    vm->last_used_us = clock_mono_us(w->clock);
    return vm;
}

uint64_t vm_memory(const struct vm *vm)
{
    return sizeof(*vm) + vm->kern.used + vm->prog.used;
}

int64_t vm_last_used_us(const struct vm *vm)
{
    return vm_logins(vm) ? clock_mono_us(vm->world->clock) : vm->last_used_us;
}

unsigned vm_logins(const struct vm *vm)
{
    unsigned n = 0;
    LIST_EACH(l, &vm->logins) n++;
    return n;
}

struct vfs_tree *vm_tree(struct vm *vm)
{
    return &vm->tree;
}

int64_t vm_real_us(const struct vm *vm)
{
    return clock_real_us(vm->world->clock);
}

int64_t vm_boot_age_us(const struct vm *vm)
{
    int64_t age = vm_real_us(vm) - vm->world->conf.persona->boot_real_us;
    return age > 0 ? age : 0;
}
