/* test_save.c -- a layer as bytes, and back.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "fixture.h"

#include "base/buf.h"
#include "base/rng.h"
#include "base/str.h"

static int into_buf(void *ctx, const void *p, size_t n)
{
    return buf_put(ctx, p, n);
}

static void change_things(struct world *w)
{
    char text[40000];
    memset(text, 'z', sizeof text - 1);
    text[sizeof text - 1] = 0;
    assert_int_equal(make(w, "/tmp/d", S_IFDIR | 0700, NULL), 0);
    assert_int_equal(make(w, "/tmp/d/big", S_IFREG | 0755, NULL), 0);
    assert_int_equal(put(w, "/tmp/d/big", text, 100000), sizeof text - 1);
    assert_int_equal(put(w, "/etc/hostname", "HOST", 0), 4);
    assert_int_equal(removes(w, "/etc/motd", false), 0);
    assert_int_equal(make(w, "/tmp/link", S_IFLNK | 0777, "d/big"), 0);
    assert_int_equal(make(w, "/tmp/fifo", S_IFIFO | 0600, NULL), 0);
    assert_int_equal(moves(w, "/etc/ssh", "/srv/ssh"), 0);
    assert_int_equal(vfs_link(at(w, "/tmp"), "hosts", at(w, "/etc/hosts")), 0);
    struct vfs_setattr a = {
        .what = VFS_SET_ATTRS | VFS_SET_MODE, .mode = 0600, .attrs = VFS_ATTR_IMMUTABLE};
    assert_int_equal(vfs_setattr(at(w, "/etc/crontab"), NULL, &a), 0);
}

static void what_was_saved_comes_back(void **state)
{
    struct world *w = *state;
    struct buf b;
    buf_init(&b, 8 << 20);
    change_things(w);
    assert_int_equal(vfs_disk_save(w->fs, into_buf, &b), 0);
    struct vfs_stat big = stat_of(w, "/tmp/d/big"), link = stat_of(w, "/tmp/link");
    struct world fresh = *w;
    fresh.fs = world_disk(w, vfs_image_builtin(), "ext4", 64 << 20);
    struct vfs_tree tree;
    assert_int_equal(vfs_tree_init(&tree, w->arena, fresh.fs, "/dev/sda1", "rw"), 0);
    fresh.walk.tree = &tree;
    fresh.walk.root = fresh.walk.cwd = (struct vnode){fresh.fs, fresh.fs->root};
    assert_int_equal(vfs_disk_load(fresh.fs, buf_ptr(&b), buf_len(&b)), 0);
    struct vfs_stat st = stat_of(&fresh, "/tmp/d/big");
    assert_memory_equal(&st, &big, sizeof st);
    st = stat_of(&fresh, "/tmp/link");
    assert_memory_equal(&st, &link, sizeof st);
    char a[65536], c[65536];
    ssize_t n = vfs_read(at(w, "/tmp/d/big"), NULL, a, sizeof a, 90000);
    assert_int_equal(vfs_read(at(&fresh, "/tmp/d/big"), NULL, c, sizeof c, 90000), n);
    assert_memory_equal(a, c, (size_t)n);
    assert_holds(&fresh, "/etc/hostname", "HOSTan\n");
    assert_int_equal(at(&fresh, "/etc/motd").ino, 0);
    assert_int_equal(at(&fresh, "/etc/ssh").ino, 0);
    assert_int_not_equal(at(&fresh, "/srv/ssh/sshd_config").ino, 0);
    assert_int_equal(stat_of(&fresh, "/tmp/hosts").nlink, 2);
    assert_int_equal(stat_of(&fresh, "/etc/crontab").attrs, VFS_ATTR_IMMUTABLE);
    assert_int_equal(stat_of(&fresh, "/tmp").nlink, stat_of(w, "/tmp").nlink);
    /* And it goes on from there, with numbers never given twice. */
    assert_int_equal(make(&fresh, "/tmp/next", S_IFREG | 0644, NULL), 0);
    assert_true(at(&fresh, "/tmp/next").ino > at(&fresh, "/tmp/fifo").ino);
    vfs_free(fresh.fs);
    buf_done(&b);
}

/* Deleted in a disk over another one stays deleted. */
static void layers_over_layers_come_back(void **state)
{
    struct world *w = *state, upper = *w;
    struct vfs_tree tree;
    struct buf b;
    buf_init(&b, 8 << 20);
    change_things(w);
    struct vfs_disk_conf conf = {.image = vfs_image_builtin(),
                                 .below = w->fs,
                                 .arena = w->arena,
                                 .clock = &w->clock,
                                 .max_bytes = 1 << 20,
                                 .max_inodes = 10,
                                 .type = "ext4"};
    for (int round = 0; round < 2; round++) {
        upper.fs = vfs_disk_new(&conf);
        assert_int_equal(vfs_tree_init(&tree, w->arena, upper.fs, "/dev/sda1", "rw"), 0);
        upper.walk.tree = &tree;
        upper.walk.root = upper.walk.cwd = (struct vnode){upper.fs, upper.fs->root};
        if (round == 0) {
            assert_int_equal(removes(&upper, "/tmp/link", false), 0);
            assert_int_equal(put(&upper, "/tmp/d/big", "new", 0), 3);
            assert_int_equal(make(&upper, "/tmp/own", S_IFREG | 0644, NULL), 0);
            assert_int_equal(vfs_disk_save(upper.fs, into_buf, &b), 0);
        } else {
            assert_int_equal(vfs_disk_load(upper.fs, buf_ptr(&b), buf_len(&b)), 0);
        }
        char got[3];
        assert_int_equal(at(&upper, "/tmp/link").ino, 0);
        assert_int_not_equal(at(&upper, "/tmp/fifo").ino, 0);
        assert_int_not_equal(at(&upper, "/tmp/own").ino, 0);
        assert_int_equal(vfs_read(at(&upper, "/tmp/d/big"), NULL, got, 3, 0), 3);
        assert_memory_equal(got, "new", 3);
        assert_int_equal(stat_of(&upper, "/tmp/d/big").size, stat_of(w, "/tmp/d/big").size);
        vfs_free(upper.fs);
    }
    buf_done(&b);
}

static void another_tree_is_refused(void **state)
{
    struct world *w = *state;
    struct buf b;
    buf_init(&b, 1 << 20);
    assert_int_equal(vfs_disk_save(w->fs, into_buf, &b), 0);
    struct vfs_fs *tmp = world_disk(w, NULL, "tmpfs", 1 << 20);
    assert_int_equal(vfs_disk_load(tmp, buf_ptr(&b), buf_len(&b)), ERR_VERSION);
    vfs_free(tmp);
    buf_done(&b);
}

/* After any damage: refused, and the disk as fresh; or taken, and walkable. */
static void damage_is_harmless(void **state)
{
    struct world *w = *state;
    struct buf b;
    static uint8_t bad[1 << 20];
    struct rng rng;
    buf_init(&b, 8 << 20);
    rng_seed(&rng, 11);
    change_things(w);
    assert_int_equal(vfs_disk_save(w->fs, into_buf, &b), 0);
    size_t len = buf_len(&b);
    unsigned taken = 0;
    assert_true(len < sizeof bad);
    for (int i = 0; i < 3000; i++) {
        memcpy(bad, buf_ptr(&b), len);
        size_t where = rng_below(&rng, 2) ? rng_below(&rng, 600) : rng_below(&rng, len);
        bad[where] = (uint8_t)rng_u64(&rng);
        struct vfs_fs *fs = world_disk(w, vfs_image_builtin(), "ext4", 1 << 20);
        size_t n = rng_below(&rng, 10) ? len : rng_below(&rng, len);
        if (vfs_disk_load(fs, bad, n) == 0) {
            struct vfs_dirent e;
            struct vnode root = {fs, fs->root};
            taken++;
            for (uint64_t cookie = 0; vfs_readdir(root, NULL, &cookie, &e) == 1;) {
                struct vfs_stat st;
                assert_int_equal(vfs_stat((struct vnode){fs, e.ino}, NULL, &st), 0);
            }
        } else {
            assert_int_equal(vfs_disk_bytes(fs), 0);
        }
        vfs_free(fs);
    }
    assert_true(taken > 100 && taken < 2900);
    buf_done(&b);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
    const struct CMUnitTest tests[] = {
        T(what_was_saved_comes_back),
        T(layers_over_layers_come_back),
        T(another_tree_is_refused),
        T(damage_is_harmless),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
