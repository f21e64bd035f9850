/* vfs_image.c -- any bytes as a disk image: refused, or safe to walk.
 *
 * The first byte says how to mend the header, so that the tables behind it are
 * reached as well.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/clock.h"
#include "vfs/disk.h"
#include "vfs/image_priv.h"

static void visit(const struct vfs_image *im)
{
    struct arena_budget budget = {.max = 16 << 20};
    struct arena *arena = arena_new(&budget, 0);
    struct clock clock;
    clock_init_fake(&clock, 0);
    struct vfs_disk_conf conf = {.image = im,
                                 .arena = arena,
                                 .clock = &clock,
                                 .max_bytes = 1 << 20,
                                 .max_inodes = 100,
                                 .type = "ext4"};
    struct vfs_fs *fs = vfs_disk_new(&conf);
    size_t len;
    char buf[512];
    uint64_t last = im->h->inodes.count + 20;
    for (uint64_t ino = 1; ino < last && ino < 300; ino++) {
        struct vnode v = {fs, ino};
        struct vfs_stat st;
        struct vfs_dirent e;
        if (vfs_stat(v, NULL, &st))
            continue;
        for (uint64_t cookie = 0; vfs_readdir(v, NULL, &cookie, &e) == 1;)
            if (strlen(e.name) != e.name_len)
                __builtin_trap();
        (void)!vfs_read(v, NULL, buf, sizeof buf, st.size > 300 ? st.size - 300 : 0);
        (void)!vfs_readlink(v, NULL, buf, sizeof buf);
        (void)!vfs_write(v, NULL, "x", 1, st.size / 2);
        if (S_ISDIR(st.mode))
            (void)!vfs_unlink(v, NULL, "a", false);
    }
    (void)vfs_image_text(im, "a", &len);
    (void)vfs_image_find(im, "/a/b/../c");
    (void)image_by_content(im, "abc", 3);
    vfs_free(fs);
    arena_free(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    _Alignas(8) static uint8_t mem[64 * 1024];
    struct vfs_image *im;
    if (n < 1 + sizeof(struct image_header) || n > sizeof mem)
        return 0;
    memcpy(mem, p + 1, --n);
    struct image_header *h = (struct image_header *)mem;
    if (p[0] & 1) {
        memcpy(h->magic, IMAGE_MAGIC, 8);
        h->version = IMAGE_VERSION;
        h->page = IMAGE_PAGE;
        h->bytes = n;
        h->hash_probe = hash_fixed("qrassh", 6, 1);
        struct image_part *parts[] = {&h->inodes, &h->entries, &h->contents, &h->texts, &h->names};
        for (int i = 0; i < 5; i++) { /* small enough to be possible */
            parts[i]->off = parts[i]->off % n & ~(uint64_t)7;
            parts[i]->count %= 64;
        }
        if (h->names.count > 0 && h->names.off + h->names.count <= n)
            mem[h->names.off + h->names.count - 1] = 0;
    }
    if (vfs_image_wrap(mem, n, &im) == 0) {
        visit(im);
        vfs_image_close(im);
    }
    return 0;
}
