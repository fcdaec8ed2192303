# Use it as an overlay: vcpkg install lifoguard --overlay-ports=packaging/ports/vcpkg. URL and REF are placeholders. Write the address
# from which your machines clone this repository (your clone has it: git remote get-url origin), and the whole hash of a commit
# (git rev-parse HEAD), since vcpkg takes no tag here.
vcpkg_from_git(
    OUT_SOURCE_PATH SOURCE_PATH
    URL https://example.org/lifoguard.git
    REF v0.1.0
)
vcpkg_configure_meson(
    SOURCE_PATH "${SOURCE_PATH}"
    OPTIONS -Dtests=disabled -Dexamples=disabled -Dtools=disabled -Dvet=disabled
)
vcpkg_install_meson()
vcpkg_fixup_pkgconfig()
vcpkg_cmake_config_fixup(CONFIG_PATH lib/cmake/lifoguard)
file(REMOVE_RECURSE "${CURRENT_PACKAGES_DIR}/debug/include" "${CURRENT_PACKAGES_DIR}/debug/share")
vcpkg_install_copyright(FILE_LIST "${SOURCE_PATH}/LICENSE")
file(INSTALL "${CMAKE_CURRENT_LIST_DIR}/usage" DESTINATION "${CURRENT_PACKAGES_DIR}/share/${PORT}")
