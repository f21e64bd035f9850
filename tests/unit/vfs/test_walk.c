/* test_walk.c -- from paths to nodes.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "fixture.h"

#include "base/str.h"

static int walk_to(struct world *w, const char *path, unsigned flags)
{
    struct vnode v;
    return vfs_walk(&w->walk, path, flags, &v);
}

static void finds_what_is_there(void **state)
{
    struct world *w = *state;
    assert_int_equal(at(w, "/").ino, w->fs->root);
    assert_int_equal(at(w, "//etc//./ssh/../passwd").ino, at(w, "/etc/passwd").ino);
    assert_int_equal(at(w, "/../../etc").ino, at(w, "/etc").ino);
    assert_int_equal(at(w, "/etc/").ino, at(w, "/etc").ino);
    assert_int_equal(walk_to(w, "", 0), -ENOENT);
    assert_int_equal(walk_to(w, "/nope", 0), -ENOENT);
    assert_int_equal(walk_to(w, "/nope/x", 0), -ENOENT);
    assert_int_equal(walk_to(w, "/etc/passwd/", 0), -ENOTDIR);
    assert_int_equal(walk_to(w, "/etc/passwd/x", 0), -ENOTDIR);
    w->walk.cwd = at(w, "/etc");
    assert_int_equal(at(w, "passwd").ino, at(w, "/etc/passwd").ino);
    assert_int_equal(at(w, "../usr").ino, at(w, "/usr").ino);
}

static void follows_links(void **state)
{
    struct world *w = *state;
    struct vnode v;
    assert_int_equal(at(w, "/bin/ls").ino, at(w, "/usr/bin/ls").ino);
    assert_int_equal(walk_to(w, "/bin", 0), 0);
    assert_int_equal(vfs_walk(&w->walk, "/bin", 0, &v), 0);
    assert_int_equal(v.ino, at(w, "/usr/bin").ino);
    assert_int_not_equal(at(w, "/bin").ino, v.ino);
    assert_int_equal(at(w, "/bin/").ino, v.ino); /* slashes ask for what is behind it */
    assert_int_equal(vfs_walk(&w->walk, "/bin/../share", 0, &v), 0);
    assert_int_equal(v.ino, at(w, "/usr/share").ino); /* .. of the target */
    assert_int_equal(vfs_walk(&w->walk, "/usr/bin/awk", 0, &v), 0);
    assert_int_equal(v.ino, at(w, "/usr/bin/mawk").ino);
    assert_int_equal(make(w, "/tmp/loop", S_IFLNK | 0777, "loop"), 0);
    assert_int_equal(walk_to(w, "/tmp/loop", 0), -ELOOP);
    assert_int_equal(walk_to(w, "/tmp/loop", VFS_WALK_NOFOLLOW), 0);
    assert_int_equal(walk_to(w, "/tmp/loop/x", VFS_WALK_NOFOLLOW), -ELOOP);
}

static void forty_links_are_the_end(void **state)
{
    struct world *w = *state;
    char name[32], target[32];
    for (int i = 0; i < 45; i++) {
        str_fmt(name, sizeof name, "/tmp/l%d", i);
        str_fmt(target, sizeof target, i ? "l%d" : "/etc/passwd", i - 1);
        assert_int_equal(make(w, name, S_IFLNK | 0777, target), 0);
    }
    assert_int_equal(walk_to(w, "/tmp/l39", 0), 0);
    assert_int_equal(walk_to(w, "/tmp/l40", 0), -ELOOP);
}

static void long_paths_and_names(void **state)
{
    struct world *w = *state;
    char path[5000], name[300];
    memset(path, '/', 4095);
    path[4095] = 0;
    assert_int_equal(walk_to(w, path, 0), 0);
    path[4095] = '/';
    path[4096] = 0;
    assert_int_equal(walk_to(w, path, 0), -ENAMETOOLONG);
    memset(name, 'n', sizeof name);
    name[0] = '/';
    name[256] = 0;
    assert_int_equal(walk_to(w, name, 0), -ENOENT);
    assert_int_equal(make(w, name, S_IFREG | 0644, NULL), 0);
    name[256] = 'n';
    name[257] = 0;
    assert_int_equal(walk_to(w, name, 0), -ENAMETOOLONG);
    assert_int_equal(make(w, name, S_IFREG | 0644, NULL), -ENAMETOOLONG);
    /* A link's target and the rest of the path together need the large buffer. */
    memset(path, '/', 3000);
    memcpy(path + 3000, "etc", 4);
    assert_int_equal(make(w, "/tmp/long", S_IFLNK | 0777, path), 0);
    assert_int_equal(at(w, "/tmp/long/passwd").ino, at(w, "/etc/passwd").ino);
}

static void parents_and_last_names(void **state)
{
    struct world *w = *state;
    struct vnode dir, there;
    char last[VFS_NAME_MAX + 2];
    assert_int_equal(vfs_walk_parent(&w->walk, "/etc/new", 0, &dir, last, &there), 0);
    assert_int_equal(dir.ino, at(w, "/etc").ino);
    assert_string_equal(last, "new");
    assert_int_equal(there.ino, 0);
    assert_int_equal(vfs_walk_parent(&w->walk, "/etc/passwd", 0, &dir, last, &there), 0);
    assert_int_equal(there.ino, at(w, "/etc/passwd").ino);
    assert_int_equal(vfs_walk_parent(&w->walk, "/tmp/d/", 0, &dir, last, &there), 0);
    assert_string_equal(last, "d/");
    assert_int_equal(vfs_walk_parent(&w->walk, "/", 0, &dir, last, &there), 0);
    assert_int_equal(there.ino, w->fs->root);
    assert_int_equal(vfs_walk_parent(&w->walk, "/none/x", 0, &dir, last, &there), -ENOENT);
    assert_int_equal(vfs_walk_parent(&w->walk, "/etc/passwd/x", 0, &dir, last, &there), -ENOTDIR);
    assert_int_equal(vfs_walk_parent(&w->walk, "/usr/bin/..", 0, &dir, last, &there), 0);
    assert_string_equal(last, "..");
    /* open(O_CREAT) through a link that leads nowhere makes the target. */
    assert_int_equal(make(w, "/tmp/dangling", S_IFLNK | 0777, "/srv/target"), 0);
    assert_int_equal(vfs_walk_parent(&w->walk, "/tmp/dangling", 0, &dir, last, &there), 0);
    assert_int_equal(dir.ino, at(w, "/srv").ino);
    assert_string_equal(last, "target");
    assert_int_equal(there.ino, 0);
    assert_int_equal(
        vfs_walk_parent(&w->walk, "/tmp/dangling", VFS_WALK_NOFOLLOW, &dir, last, &there), 0);
    assert_string_equal(last, "dangling");
    assert_int_not_equal(there.ino, 0);
}

static void strangers_may_not_search_everywhere(void **state)
{
    struct world *w = *state;
    assert_int_equal(make(w, "/root/secret", S_IFREG | 0644, NULL), 0);
    w->cred.uid = w->cred.gid = 1000;
    assert_int_equal(walk_to(w, "/root", 0), 0);
    assert_int_equal(walk_to(w, "/root/secret", 0), -EACCES);
    assert_int_equal(walk_to(w, "/root/.", 0), -EACCES);
    assert_int_equal(walk_to(w, "/etc/shadow", 0), 0);
    struct vfs_stat st = stat_of(w, "/etc/shadow");
    assert_int_equal(vfs_permitted(&w->cred, &st, 4), -EACCES);
    w->cred.groups[0] = 42;
    w->cred.ngroups = 1;
    assert_int_equal(vfs_permitted(&w->cred, &st, 4), 0);
    assert_int_equal(vfs_permitted(&w->cred, &st, 2), -EACCES);
    w->cred.uid = 0;
    assert_int_equal(vfs_permitted(&w->cred, &st, 6), 0);
    assert_int_equal(vfs_permitted(&w->cred, &st, 1), -EACCES); /* root runs no plain file */
}

static void mounts_are_crossed_both_ways(void **state)
{
    struct world *w = *state;
    struct vfs_fs *tmp = world_disk(w, NULL, "tmpfs", 1 << 20);
    struct vfs_fs *over = world_disk(w, NULL, "tmpfs", 1 << 20);
    assert_int_equal(vfs_mount_add(&w->tree, "tmpfs", "/mnt", tmp, "rw"), 0);
    assert_int_equal(vfs_mount_add(&w->tree, "x", "/etc/passwd", over, "rw"), -ENOTDIR);
    assert_int_equal(vfs_mount_add(&w->tree, "x", "/none", over, "rw"), -ENOENT);
    assert_true(at(w, "/mnt").fs == tmp);
    assert_int_equal(make(w, "/mnt/a", S_IFDIR | 0755, NULL), 0);
    assert_int_equal(make(w, "/mnt/a/b", S_IFDIR | 0755, NULL), 0);
    assert_int_equal(at(w, "/mnt/a/../../etc").ino, at(w, "/etc").ino);
    assert_int_equal(moves(w, "/mnt/a", "/tmp/a"), -EXDEV);
    char path[64];
    assert_int_equal(vfs_path_of(&w->walk, at(w, "/mnt/a/b"), path, sizeof path), 8);
    assert_string_equal(path, "/mnt/a/b");
    assert_int_equal(vfs_path_of(&w->walk, at(w, "/"), path, sizeof path), 1);
    assert_string_equal(path, "/");
    assert_int_equal(vfs_path_of(&w->walk, at(w, "/usr/lib/openssh"), path, 12), -ENAMETOOLONG);
    assert_int_equal(vfs_mount_add(&w->tree, "tmpfs", "/mnt/a", over, "rw"), 0);
    assert_true(at(w, "/mnt/a").fs == over);
    assert_int_equal(vfs_mount_remove(&w->tree, "/mnt"), -EBUSY);
    assert_int_equal(vfs_mount_remove(&w->tree, "/mnt/a"), 0);
    assert_int_equal(vfs_mount_remove(&w->tree, "/mnt"), 0);
    assert_int_equal(vfs_mount_remove(&w->tree, "/mnt"), -EINVAL);
    assert_true(at(w, "/mnt").fs == w->fs);
    struct vnode gone = at(w, "/tmp");
    assert_int_equal(make(w, "/tmp/gone", S_IFDIR | 0755, NULL), 0);
    gone = at(w, "/tmp/gone");
    vfs_hold(gone);
    assert_int_equal(removes(w, "/tmp/gone", true), 0);
    assert_int_equal(vfs_path_of(&w->walk, gone, path, sizeof path), -ENOENT);
    vfs_drop(gone);
    vfs_free(tmp);
    vfs_free(over);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
    const struct CMUnitTest tests[] = {
        T(finds_what_is_there),          T(follows_links),
        T(forty_links_are_the_end),      T(long_paths_and_names),
        T(parents_and_last_names),       T(strangers_may_not_search_everywhere),
        T(mounts_are_crossed_both_ways),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
