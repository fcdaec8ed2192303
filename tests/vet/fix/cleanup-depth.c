DEFINE_TRIVIAL_CLEANUP_FUNC(struct route *, route_free);

int route_check(const char *text)
{
    _cleanup_free_ struct route *route = NULL;

    route = route_parse(text);
    if (!route)
        return -EINVAL;
    return route_usable(route);
}
