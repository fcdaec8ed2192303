int unit_path(const char *name, char **ret)
{
    _cleanup_free_ char *path, *escaped;
    _cleanup_close_ int fd;

    if (!name)
        return -EINVAL;
    escaped = unit_escape(name);
    path = strjoin("/etc/units/", escaped);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    *ret = TAKE_PTR(path);
    return fd < 0 ? -errno : 0;
}
