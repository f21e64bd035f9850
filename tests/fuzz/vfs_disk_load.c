/* vfs_disk_load.c -- any bytes as a saved layer: refused, or a safe disk.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <stdint.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "vfs/disk_priv.h"

static int swallow(void *ctx, const void *p, size_t n)
{
    (void)ctx, (void)p, (void)n;
    return 0;
}

static void use(struct vfs_fs *fs)
{
    const struct disk *d = (const struct disk *)fs;
    char buf[300];
    for (uint64_t ino = 1; ino < d->next_ino && ino < 600; ino++) {
        struct vnode v = {fs, ino}, up;
        struct vfs_stat st;
        struct vfs_dirent e;
        if (vfs_stat(v, NULL, &st))
            continue;
        for (uint64_t cookie = 0; vfs_readdir(v, NULL, &cookie, &e) == 1;)
            ;
        (void)!vfs_lookup(v, NULL, "..", 2, &up);
        (void)!vfs_read(v, NULL, buf, sizeof buf, st.size > 200 ? st.size - 200 : 0);
        (void)!vfs_readlink(v, NULL, buf, sizeof buf);
        (void)!vfs_rename(v, "a", v, "b");
        (void)!vfs_unlink(v, NULL, "b", false);
        (void)!vfs_unlink(v, NULL, "c", true);
        struct vfs_setattr a = {.what = VFS_SET_SIZE, .size = st.size / 2};
        (void)!vfs_setattr(v, NULL, &a);
    }
    (void)!vfs_disk_save(fs, swallow, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct arena_budget budget = {.max = 64 << 20};
    struct arena *arena = arena_new(&budget, 0);
    struct clock clock;
    clock_init_fake(&clock, 0);
    static uint8_t mem[1 << 16];
    if (n >= 33 && n < sizeof mem) {
        bool tmpfs = p[0] & 1;
        struct vfs_disk_conf conf = {.image = tmpfs ? NULL : vfs_image_builtin(),
                                     .arena = arena,
                                     .clock = &clock,
                                     .max_bytes = 4 << 20,
                                     .max_inodes = 1000,
                                     .type = tmpfs ? "tmpfs" : "ext4"};
        struct vfs_fs *fs = vfs_disk_new(&conf);
        memcpy(mem, p + 1, --n);
        if (p[0] & 2) { /* magic, image and numbers right, so that nodes are reached */
            uint64_t id = conf.image ? vfs_image_id(conf.image) : 0, next = 10000;
            memcpy(mem, "qrdisk\x1a\1", 8);
            memcpy(mem + 8, &id, 8);
            memcpy(mem + 16, &next, 8);
        }
        if (vfs_disk_load(fs, mem, n) == 0)
            use(fs);
        vfs_free(fs);
    }
    arena_free(arena);
    return 0;
}
