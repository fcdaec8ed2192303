char *data_path(const char *name)
{
    g_autofree char *path = g_build_filename(DATA, name, NULL);

    if (g_file_test(path, G_FILE_TEST_EXISTS))
        return path;
    return NULL;
}

char *unit_name(const char *path)
{
    _cleanup_free_ char *name = NULL;

    name = path_last(path);
    if (!name)
        return NULL;
    return name;
}
