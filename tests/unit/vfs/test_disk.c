/* test_disk.c -- the copy-on-write layer.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "fixture.h"

#include "base/arena.h"
#include "base/rng.h"
#include "base/str.h"

static void an_untouched_layer_is_small(void **state)
{
    struct world *w = *state;
    struct vfs_stat st = stat_of(w, "/etc/passwd");
    assert_true(S_ISREG(st.mode));
    assert_int_equal(st.mode & 07777, 0644);
    assert_int_equal(vfs_disk_bytes(w->fs), 0);
    struct arena *a = arena_new(&w->budget, 0);
    size_t before = arena_used(a);
    struct vfs_disk_conf conf = {.image = vfs_image_builtin(),
                                 .arena = a,
                                 .clock = &w->clock,
                                 .max_bytes = 1,
                                 .max_inodes = 1,
                                 .type = "ext4"};
    struct vfs_fs *fs = vfs_disk_new(&conf);
    assert_non_null(fs);
    assert_true(arena_used(a) - before <= 2048); /* the arena's first chunk */
    vfs_free(fs);
    arena_free(a);
}

static void writes_stay_in_the_layer(void **state)
{
    struct world *w = *state;
    size_t n;
    const char *image = vfs_image_data(vfs_image_builtin(), at(w, "/etc/hostname").ino, &n);
    char before[64];
    memcpy(before, image, n);
    assert_int_equal(put(w, "/etc/hostname", "XY", 1), 2);
    assert_holds(w, "/etc/hostname", "dXYian\n");
    assert_memory_equal(image, before, n);
    assert_true(vfs_disk_is_changed(w->fs, at(w, "/etc/hostname").ino));
    struct world other = *w;
    other.fs = world_disk(w, vfs_image_builtin(), "ext4", 1 << 20);
    char got[16];
    assert_int_equal(
        vfs_read((struct vnode){other.fs, at(w, "/etc/hostname").ino}, NULL, got, 16, 0), 7);
    assert_memory_equal(got, "debian\n", 7);
    vfs_free(other.fs);
}

static void creating_sets_owner_times_and_counts(void **state)
{
    struct world *w = *state;
    uint64_t links = stat_of(w, "/tmp").nlink;
    w->cred.uid = 1000;
    w->cred.gid = 1001;
    clock_advance(&w->clock, 5000000);
    assert_int_equal(make(w, "/tmp/d", S_IFDIR | 0755, NULL), 0);
    assert_int_equal(make(w, "/tmp/d", S_IFDIR | 0755, NULL), -EEXIST);
    assert_int_equal(make(w, "/tmp/d/f", S_IFREG | 0600, NULL), 0);
    struct vfs_stat d = stat_of(w, "/tmp/d"), f = stat_of(w, "/tmp/d/f");
    assert_int_equal(d.nlink, 2);
    assert_int_equal(d.size, 4096);
    assert_int_equal(d.blocks, 8);
    assert_int_equal(f.uid, 1000);
    assert_int_equal(f.gid, 1001);
    assert_int_equal(f.mtime.tv_sec, 1760000005);
    assert_int_equal(f.blocks, 0);
    assert_int_equal(stat_of(w, "/tmp").nlink, links + 1);
    assert_true(f.ino > stat_of(w, "/usr/bin/ls").ino);
    assert_int_equal(removes(w, "/tmp/d", true), -ENOTEMPTY);
    assert_int_equal(removes(w, "/tmp/d", false), -EISDIR);
    assert_int_equal(removes(w, "/tmp/d/f", true), -ENOTDIR);
    assert_int_equal(removes(w, "/tmp/d/f", false), 0);
    assert_int_equal(removes(w, "/tmp/d", true), 0);
    assert_int_equal(stat_of(w, "/tmp").nlink, links);
    assert_int_equal(at(w, "/tmp/d").ino, 0);
}

static void a_directory_with_setgid_hands_its_group_on(void **state)
{
    struct world *w = *state;
    struct vfs_setattr a = {.what = VFS_SET_MODE | VFS_SET_GID, .mode = 02775, .gid = 50};
    assert_int_equal(make(w, "/srv/g", S_IFDIR | 0755, NULL), 0);
    assert_int_equal(vfs_setattr(at(w, "/srv/g"), NULL, &a), 0);
    assert_int_equal(make(w, "/srv/g/d", S_IFDIR | 0755, NULL), 0);
    assert_int_equal(stat_of(w, "/srv/g/d").gid, 50);
    assert_int_equal(stat_of(w, "/srv/g/d").mode, S_IFDIR | 02755);
}

static void image_files_can_go_and_come_back(void **state)
{
    struct world *w = *state;
    uint64_t old = at(w, "/etc/motd").ino;
    assert_int_equal(removes(w, "/etc/motd", false), 0);
    assert_int_equal(at(w, "/etc/motd").ino, 0);
    assert_int_equal(removes(w, "/etc/motd", false), -ENOENT);
    assert_int_equal(make(w, "/etc/motd", S_IFREG | 0644, NULL), 0);
    assert_int_not_equal(at(w, "/etc/motd").ino, old);
    assert_int_equal(stat_of(w, "/etc/motd").size, 0);
    assert_int_equal(removes(w, "/etc/motd", false), 0);
    assert_int_equal(at(w, "/etc/motd").ino, 0);
}

static unsigned count(struct world *w, const char *dir, const char *name, unsigned *named)
{
    uint64_t cookie = 0;
    struct vfs_dirent e;
    unsigned n = 0;
    *named = 0;
    while (vfs_readdir(at(w, dir), NULL, &cookie, &e) == 1) {
        n++;
        *named += e.name_len == strlen(name) && memcmp(e.name, name, e.name_len) == 0;
    }
    return n;
}

static void listings_merge_and_survive_changes(void **state)
{
    struct world *w = *state;
    unsigned named, before = count(w, "/etc", "passwd", &named);
    assert_int_equal(named, 1);
    assert_int_equal(make(w, "/etc/new", S_IFREG | 0644, NULL), 0);
    assert_int_equal(removes(w, "/etc/issue", false), 0);
    assert_int_equal(count(w, "/etc", "new", &named), before);
    assert_int_equal(named, 1);
    count(w, "/etc", "issue", &named);
    assert_int_equal(named, 0);
    /* Removing each entry as it is listed leaves nothing out. */
    assert_int_equal(make(w, "/tmp/many", S_IFDIR | 0755, NULL), 0);
    char path[64];
    for (int i = 0; i < 1000; i++) {
        str_fmt(path, sizeof path, "/tmp/many/file%d", i);
        assert_int_equal(make(w, path, S_IFREG | 0644, NULL), 0);
    }
    assert_true(stat_of(w, "/tmp/many").size > 4096);
    uint64_t cookie = 0;
    struct vfs_dirent e;
    struct vnode many = at(w, "/tmp/many");
    int seen = 0;
    while (vfs_readdir(many, NULL, &cookie, &e) == 1) {
        char name[VFS_NAME_MAX + 1];
        memcpy(name, e.name, e.name_len);
        name[e.name_len] = 0;
        assert_int_equal(e.type, 8);
        assert_int_equal(vfs_unlink(many, NULL, name, false), 0);
        seen++;
    }
    assert_int_equal(seen, 1000);
    assert_int_equal(removes(w, "/tmp/many", true), 0);
}

static void empty_directory(struct world *w, struct vnode dir)
{
    uint64_t cookie = 0;
    struct vfs_dirent e;
    while (vfs_readdir(dir, NULL, &cookie, &e) == 1) {
        char name[VFS_NAME_MAX + 1];
        memcpy(name, e.name, e.name_len);
        name[e.name_len] = 0;
        bool isdir = e.type == 4;
        struct vnode child = {dir.fs, e.ino};
        if (isdir)
            empty_directory(w, child);
        assert_int_equal(vfs_unlink(dir, NULL, name, isdir), 0);
    }
}

static void everything_can_be_removed(void **state)
{
    struct world *w = *state;
    empty_directory(w, w->walk.root);
    assert_int_equal(stat_of(w, "/").nlink, 2);
    assert_true(vfs_disk_bytes(w->fs) < 8192);
    assert_int_equal(make(w, "/hello", S_IFDIR | 0755, NULL), 0);
}

static void appending_is_linear(void **state)
{
    struct world *w = *state;
    assert_int_equal(make(w, "/tmp/log", S_IFREG | 0644, NULL), 0);
    for (int i = 0; i < 10000; i++)
        assert_int_equal(put(w, "/tmp/log", "one line\n", stat_of(w, "/tmp/log").size), 9);
    struct vfs_stat st = stat_of(w, "/tmp/log");
    assert_int_equal(st.size, 90000);
    assert_int_equal(st.blocks, (90000 + 4095) / 4096 * 8);
    assert_true(vfs_disk_bytes(w->fs) < 200 * 1024);
    char got[9];
    assert_int_equal(vfs_read(at(w, "/tmp/log"), NULL, got, 9, 45000), 9);
    assert_memory_equal(got, "one line\n", 9);
}

static void small_files_cost_little(void **state)
{
    struct world *w = *state;
    uint64_t before = vfs_disk_bytes(w->fs);
    assert_int_equal(make(w, "/tmp/x", S_IFREG | 0644, NULL), 0);
    assert_int_equal(put(w, "/tmp/x", "hi\n", 0), 3);
    assert_int_equal(stat_of(w, "/tmp/x").blocks, 8);
    assert_true(vfs_disk_bytes(w->fs) - before < 1024);
}

static void holes_are_holes(void **state)
{
    struct world *w = *state;
    assert_int_equal(make(w, "/tmp/sparse", S_IFREG | 0644, NULL), 0);
    int64_t far = (int64_t)1 << 40;
    assert_int_equal(put(w, "/tmp/sparse", "end", far), 3);
    struct vfs_stat st = stat_of(w, "/tmp/sparse");
    assert_int_equal(st.size, far + 3);
    assert_int_equal(st.blocks, 8);
    char got[8] = "xxxxxxx";
    assert_int_equal(vfs_read(at(w, "/tmp/sparse"), NULL, got, 8, far - 5), 8);
    assert_memory_equal(got, "\0\0\0\0\0end", 8);
    assert_int_equal(put(w, "/tmp/sparse", "x", INT64_MAX - 1), -EFBIG);
    struct vfs_setattr a = {.what = VFS_SET_SIZE, .size = 10};
    assert_int_equal(vfs_setattr(at(w, "/tmp/sparse"), NULL, &a), 0);
    assert_int_equal(stat_of(w, "/tmp/sparse").blocks, 0);
}

static void what_was_cut_off_reads_as_zero(void **state)
{
    struct world *w = *state;
    struct vfs_setattr shrink = {.what = VFS_SET_SIZE, .size = 3};
    struct vfs_setattr extend = {.what = VFS_SET_SIZE, .size = 7};
    assert_int_equal(vfs_setattr(at(w, "/etc/hostname"), NULL, &shrink), 0);
    assert_int_equal(vfs_setattr(at(w, "/etc/hostname"), NULL, &extend), 0);
    char got[8];
    assert_int_equal(vfs_read(at(w, "/etc/hostname"), NULL, got, 8, 0), 7);
    assert_memory_equal(got, "deb\0\0\0\0", 7);
    assert_int_equal(make(w, "/tmp/f", S_IFREG | 0644, NULL), 0);
    assert_int_equal(put(w, "/tmp/f", "abcdefgh", 0), 8);
    assert_int_equal(vfs_setattr(at(w, "/tmp/f"), NULL, &shrink), 0);
    assert_int_equal(vfs_setattr(at(w, "/tmp/f"), NULL, &extend), 0);
    assert_int_equal(vfs_read(at(w, "/tmp/f"), NULL, got, 8, 0), 7);
    assert_memory_equal(got, "abc\0\0\0\0", 7);
}

/* Random writes and cuts against a plain array. */
static void contents_agree_with_an_array(void **state)
{
    struct world *w = *state;
    enum { MAX = 300000 };
    static uint8_t model[MAX], got[MAX], data[70000];
    struct rng rng;
    size_t size = 0;
    rng_seed(&rng, 7);
    memset(model, 0, sizeof model);
    assert_int_equal(make(w, "/tmp/r", S_IFREG | 0644, NULL), 0);
    struct vnode v = at(w, "/tmp/r");
    for (int i = 0; i < 400; i++) {
        if (rng_below(&rng, 5) == 0) {
            struct vfs_setattr a = {.what = VFS_SET_SIZE, .size = (int64_t)rng_below(&rng, MAX)};
            assert_int_equal(vfs_setattr(v, NULL, &a), 0);
            if ((size_t)a.size < size)
                memset(model + a.size, 0, size - (size_t)a.size);
            size = (size_t)a.size;
        } else {
            size_t off = rng_below(&rng, MAX - sizeof data), n = rng_below(&rng, sizeof data);
            rng_fill(&rng, data, n);
            assert_int_equal(vfs_write(v, NULL, data, n, (int64_t)off), n);
            memcpy(model + off, data, n);
            if (n && off + n > size)
                size = off + n;
        }
        assert_int_equal(vfs_read(v, NULL, got, sizeof got, 0), size);
        assert_memory_equal(got, model, size);
        assert_true(stat_of(w, "/tmp/r").blocks <= (int64_t)(size / 4096 + 1) * 8);
    }
}

static void the_budget_ends_in_enospc(void **state)
{
    struct world *w = *state;
    static char block[65536];
    assert_int_equal(make(w, "/tmp/big", S_IFREG | 0644, NULL), 0);
    struct vnode v = at(w, "/tmp/big");
    int64_t size = 0;
    ssize_t n;
    while ((n = vfs_write(v, NULL, block, sizeof block, size)) > 0)
        size += n;
    assert_int_equal(n, -ENOSPC);
    assert_true(size > 60 << 20 && size <= 64 << 20);
    assert_true(vfs_disk_bytes(w->fs) <= 64u << 20);
    /* A full disk can be tidied up, and then has room again. */
    assert_int_equal(removes(w, "/etc/issue", false), 0);
    assert_int_equal(removes(w, "/tmp/big", false), 0);
    assert_true(vfs_disk_bytes(w->fs) < 4096);
    assert_int_equal(make(w, "/tmp/big", S_IFREG | 0644, NULL), 0);
    assert_int_equal(vfs_write(at(w, "/tmp/big"), NULL, block, sizeof block, 0), sizeof block);
}

static void inodes_are_counted(void **state)
{
    struct world *w = *state;
    struct vfs_disk_conf conf = {.arena = w->arena,
                                 .clock = &w->clock,
                                 .max_bytes = 1 << 20,
                                 .max_inodes = 3,
                                 .type = "tmpfs"};
    struct vfs_fs *fs = vfs_disk_new(&conf);
    struct vnode root = {fs, fs->root}, out;
    assert_int_equal(vfs_create(root, NULL, "a", &w->cred, S_IFREG, 0, NULL, &out), 0);
    assert_int_equal(vfs_create(root, NULL, "b", &w->cred, S_IFREG, 0, NULL, &out), 0);
    assert_int_equal(vfs_create(root, NULL, "c", &w->cred, S_IFREG, 0, NULL, &out), -ENOSPC);
    assert_int_equal(vfs_unlink(root, NULL, "a", false), 0);
    assert_int_equal(vfs_create(root, NULL, "c", &w->cred, S_IFREG, 0, NULL, &out), 0);
    struct vfs_stat st;
    assert_int_equal(vfs_stat(root, NULL, &st), 0);
    assert_int_equal(st.size, 80); /* tmpfs: 20 an entry, . and .. included */
    vfs_free(fs);
}

static void hard_links_share_a_node(void **state)
{
    struct world *w = *state;
    struct vnode hosts = at(w, "/etc/hosts");
    assert_int_equal(vfs_link(at(w, "/tmp"), "h", hosts), 0);
    assert_int_equal(vfs_link(at(w, "/tmp"), "h", hosts), -EEXIST);
    assert_int_equal(vfs_link(at(w, "/tmp"), "d", at(w, "/etc")), -EPERM);
    assert_int_equal(stat_of(w, "/etc/hosts").nlink, 2);
    assert_int_equal(at(w, "/tmp/h").ino, hosts.ino);
    assert_int_equal(put(w, "/tmp/h", "zz", 0), 2);
    assert_int_equal(removes(w, "/etc/hosts", false), 0);
    char got[2];
    assert_int_equal(vfs_read(at(w, "/tmp/h"), NULL, got, 2, 0), 2);
    assert_memory_equal(got, "zz", 2);
    assert_int_equal(stat_of(w, "/tmp/h").nlink, 1);
}

static void renaming_obeys_linux(void **state)
{
    struct world *w = *state;
    assert_int_equal(make(w, "/tmp/a", S_IFDIR | 0755, NULL), 0);
    assert_int_equal(make(w, "/tmp/a/b", S_IFDIR | 0755, NULL), 0);
    assert_int_equal(make(w, "/tmp/f", S_IFREG | 0644, NULL), 0);
    assert_int_equal(make(w, "/tmp/g", S_IFREG | 0644, NULL), 0);
    assert_int_equal(moves(w, "/tmp/a", "/tmp/a/b/c"), -EINVAL);
    assert_int_equal(moves(w, "/tmp/a", "/tmp/f"), -ENOTDIR);
    assert_int_equal(moves(w, "/tmp/f", "/tmp/a"), -EISDIR);
    assert_int_equal(moves(w, "/tmp/a/b", "/tmp/a"), -ENOTEMPTY);
    assert_int_equal(moves(w, "/tmp/none", "/tmp/x"), -ENOENT);
    assert_int_equal(put(w, "/tmp/f", "f", 0), 1);
    assert_int_equal(moves(w, "/tmp/f", "/tmp/g"), 0);
    assert_holds(w, "/tmp/g", "f");
    assert_int_equal(at(w, "/tmp/f").ino, 0);
    assert_int_equal(moves(w, "/tmp/a/b", "/srv/b"), 0);
    assert_int_equal(stat_of(w, "/tmp/a").nlink, 2);
    assert_int_equal(at(w, "/srv/b/..").ino, at(w, "/srv").ino);
    assert_int_equal(moves(w, "/srv/b", "/tmp/a"), 0); /* over an empty directory */
    assert_int_equal(at(w, "/srv/b").ino, 0);
    /* Whole folders of the image move with what they hold. */
    assert_int_equal(moves(w, "/etc/ssh", "/tmp/ssh"), 0);
    assert_true(at(w, "/tmp/ssh/sshd_config").ino != 0);
    assert_int_equal(at(w, "/etc/ssh").ino, 0);
    assert_int_equal(moves(w, "/tmp/ssh", "/etc/ssh"), 0);
    assert_true(at(w, "/etc/ssh/sshd_config").ino != 0);
}

static void attributes_protect(void **state)
{
    struct world *w = *state;
    struct vfs_setattr fix = {.what = VFS_SET_ATTRS, .attrs = VFS_ATTR_IMMUTABLE};
    struct vfs_setattr append = {.what = VFS_SET_ATTRS, .attrs = VFS_ATTR_APPEND};
    struct vfs_setattr free_again = {.what = VFS_SET_ATTRS};
    struct vfs_setattr mode = {.what = VFS_SET_MODE, .mode = 0777};
    assert_int_equal(make(w, "/tmp/i", S_IFREG | 0644, NULL), 0);
    struct vnode v = at(w, "/tmp/i");
    assert_int_equal(vfs_setattr(v, NULL, &fix), 0);
    assert_int_equal(put(w, "/tmp/i", "x", 0), -EPERM);
    assert_int_equal(removes(w, "/tmp/i", false), -EPERM);
    assert_int_equal(moves(w, "/tmp/i", "/tmp/j"), -EPERM);
    assert_int_equal(vfs_link(at(w, "/tmp"), "k", v), -EPERM);
    assert_int_equal(vfs_setattr(v, NULL, &mode), -EPERM);
    assert_int_equal(vfs_setattr(v, NULL, &append), 0);
    assert_int_equal(put(w, "/tmp/i", "ab", 0), 2);
    assert_int_equal(put(w, "/tmp/i", "c", 0), -EPERM);
    assert_int_equal(put(w, "/tmp/i", "c", 2), 1);
    assert_int_equal(removes(w, "/tmp/i", false), -EPERM);
    assert_int_equal(vfs_setattr(v, NULL, &free_again), 0);
    assert_int_equal(removes(w, "/tmp/i", false), 0);
    assert_int_equal(vfs_setattr(at(w, "/srv"), NULL, &fix), 0);
    assert_int_equal(make(w, "/srv/x", S_IFREG, NULL), -EPERM);
}

static void an_open_file_outlives_its_name(void **state)
{
    struct world *w = *state;
    assert_int_equal(make(w, "/tmp/o", S_IFREG | 0644, NULL), 0);
    struct vnode v = at(w, "/tmp/o"), h = at(w, "/etc/hostname");
    vfs_hold(v);
    vfs_hold(h);
    assert_int_equal(put(w, "/tmp/o", "kept", 0), 4);
    assert_int_equal(put(w, "/etc/hostname", "D", 0), 1);
    assert_int_equal(removes(w, "/tmp/o", false), 0);
    assert_int_equal(removes(w, "/etc/hostname", false), 0);
    char got[8];
    assert_int_equal(vfs_read(v, NULL, got, 8, 0), 4);
    assert_memory_equal(got, "kept", 4);
    assert_int_equal(vfs_read(h, NULL, got, 8, 0), 7);
    assert_memory_equal(got, "Debian\n", 7);
    struct vfs_stat st;
    assert_int_equal(vfs_stat(v, NULL, &st), 0);
    assert_int_equal(st.nlink, 0);
    vfs_drop(h);
    vfs_drop(v);
    assert_int_equal(vfs_stat(v, NULL, &st), -ENOENT);
}

static void holding_leaves_no_trace(void **state)
{
    struct world *w = *state;
    struct vnode v = at(w, "/etc/hosts");
    vfs_hold(v);
    vfs_hold(v);
    vfs_drop(v);
    vfs_drop(v);
    vfs_drop(v); /* one too many is harmless */
    uint64_t table = vfs_disk_bytes(w->fs);
    assert_true(table <= 64);
    assert_int_equal(make(w, "/etc", S_IFDIR, NULL), -EEXIST);
    assert_int_equal(removes(w, "/etc", true), -ENOTEMPTY);
    assert_int_equal(moves(w, "/etc", "/etc/x"), -EINVAL);
    assert_int_equal(vfs_disk_bytes(w->fs), table);
}

static void copies_are_recognised(void **state)
{
    struct world *w = *state;
    static char bytes[4096];
    struct vnode ls = at(w, "/usr/bin/ls");
    ssize_t n = vfs_read(ls, NULL, bytes, sizeof bytes, 0);
    assert_int_equal(make(w, "/tmp/copy", S_IFREG | 0755, NULL), 0);
    struct vnode copy = at(w, "/tmp/copy");
    assert_int_equal(vfs_disk_same_as(w->fs, copy.ino, 1 << 20), at(w, "/etc/environment").ino);
    assert_int_equal(vfs_write(copy, NULL, bytes, (size_t)n, 0), n);
    assert_int_equal(vfs_disk_same_as(w->fs, copy.ino, 1 << 20), ls.ino);
    assert_int_equal(vfs_disk_same_as(w->fs, copy.ino, 10), 0);
    assert_int_equal(vfs_disk_same_as(w->fs, ls.ino, 0), ls.ino);
    assert_int_equal(put(w, "/tmp/copy", "!", 200), 1);
    assert_int_equal(vfs_disk_same_as(w->fs, copy.ino, 1 << 20), 0);
    assert_int_equal(put(w, "/usr/bin/ls", "!", 200), 1);
    assert_int_equal(vfs_disk_same_as(w->fs, ls.ino, 1 << 20), 0);
}

/* A disk over another one: sees all of it, changes nothing in it. */
static void a_disk_lies_over_another(void **state)
{
    struct world *w = *state, upper = *w;
    struct vfs_tree tree;
    assert_int_equal(make(w, "/etc/persona", S_IFREG | 0640, NULL), 0);
    assert_int_equal(put(w, "/etc/persona", "below", 0), 5);
    assert_int_equal(put(w, "/etc/hostname", "BELOW", 0), 5);
    assert_int_equal(make(w, "/home/me", S_IFDIR | 0700, NULL), 0);
    assert_int_equal(make(w, "/home/me/link", S_IFLNK | 0777, "target"), 0);
    assert_int_equal(removes(w, "/etc/motd", false), 0);
    uint64_t bytes = vfs_disk_bytes(w->fs);
    struct vfs_disk_conf conf = {.image = vfs_image_builtin(),
                                 .below = w->fs,
                                 .arena = w->arena,
                                 .clock = &w->clock,
                                 .max_bytes = 1 << 20,
                                 .max_inodes = 3,
                                 .type = "ext4"};
    upper.fs = vfs_disk_new(&conf);
    assert_int_equal(vfs_tree_init(&tree, w->arena, upper.fs, "/dev/sda1", "rw"), 0);
    upper.walk.tree = &tree;
    upper.walk.root = upper.walk.cwd = (struct vnode){upper.fs, upper.fs->root};
    assert_holds(&upper, "/etc/persona", "below");
    assert_holds(&upper, "/etc/hostname", "BELOWn\n");
    assert_int_equal(at(&upper, "/etc/motd").ino, 0);
    assert_int_equal(vfs_disk_bytes(upper.fs), 0);
    vfs_hold(at(&upper, "/home/me"));
    vfs_drop(at(&upper, "/home/me"));
    assert_true(vfs_disk_bytes(upper.fs) <= 64);
    assert_int_equal(put(&upper, "/etc/persona", "above", 0), 5);
    assert_int_equal(removes(&upper, "/home/me/link", false), 0);
    assert_int_equal(make(&upper, "/home/me/new", S_IFREG | 0600, NULL), 0);
    assert_int_equal(make(&upper, "/etc/motd", S_IFREG | 0644, NULL), 0);
    assert_int_equal(moves(&upper, "/etc/hostname", "/home/me/name"), 0);
    assert_int_equal(make(&upper, "/tmp/3", S_IFREG | 0644, NULL), 0);
    assert_int_equal(make(&upper, "/tmp/4", S_IFREG | 0644, NULL), -ENOSPC); /* own inodes only */
    assert_holds(&upper, "/etc/persona", "above");
    assert_holds(w, "/etc/persona", "below");
    assert_holds(w, "/etc/hostname", "BELOWn\n");
    assert_int_not_equal(at(w, "/home/me/link").ino, 0);
    assert_int_equal(at(w, "/home/me/new").ino, 0);
    assert_int_equal(at(&upper, "/home/me/link").ino, 0);
    assert_int_equal(removes(&upper, "/home/me/name", false), 0);
    assert_int_equal(removes(&upper, "/home/me/new", false), 0);
    assert_int_equal(removes(&upper, "/home/me", true), 0);
    assert_int_equal(at(&upper, "/home/me").ino, 0);
    assert_int_equal(vfs_disk_bytes(w->fs), bytes);
    vfs_free(upper.fs);
}

static void times_far_away_do_not_overflow(void **state)
{
    struct world *w = *state;
    struct vfs_setattr a = {.what = VFS_SET_MTIME | VFS_SET_ATIME,
                            .mtime = {.tv_sec = INT64_MAX},
                            .atime = {.tv_sec = -1, .tv_nsec = 5}};
    assert_int_equal(vfs_setattr(at(w, "/etc/motd"), NULL, &a), 0);
    assert_true(stat_of(w, "/etc/motd").mtime.tv_sec > 9000000000);
    assert_int_equal(stat_of(w, "/etc/motd").atime.tv_sec, -1);
    assert_int_equal(stat_of(w, "/etc/motd").atime.tv_nsec, 5);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
    const struct CMUnitTest tests[] = {
        T(an_untouched_layer_is_small),
        T(writes_stay_in_the_layer),
        T(creating_sets_owner_times_and_counts),
        T(a_directory_with_setgid_hands_its_group_on),
        T(image_files_can_go_and_come_back),
        T(listings_merge_and_survive_changes),
        T(everything_can_be_removed),
        T(appending_is_linear),
        T(small_files_cost_little),
        T(holes_are_holes),
        T(what_was_cut_off_reads_as_zero),
        T(contents_agree_with_an_array),
        T(the_budget_ends_in_enospc),
        T(inodes_are_counted),
        T(hard_links_share_a_node),
        T(renaming_obeys_linux),
        T(attributes_protect),
        T(an_open_file_outlives_its_name),
        T(holding_leaves_no_trace),
        T(copies_are_recognised),
        T(a_disk_lies_over_another),
        T(times_far_away_do_not_overflow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
