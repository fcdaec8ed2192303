"""conan create packaging/ports/conan: packs this source tree."""

import os

from conan import ConanFile
from conan.errors import ConanInvalidConfiguration
from conan.tools.files import copy, rmdir
from conan.tools.gnu import PkgConfigDeps
from conan.tools.layout import basic_layout
from conan.tools.meson import Meson, MesonToolchain


class Lifoguard(ConanFile):
    name = 'lifoguard'
    version = '0.1.0'
    license = 'MIT'
    description = 'Deferred calls, errors, goroutines and ordered shutdown for C'
    topics = ('defer', 'goroutines', 'errors', 'shutdown')
    package_type = 'library'
    settings = 'os', 'arch', 'compiler', 'build_type'
    options = {'shared': [True, False]}
    default_options = {'shared': False}

    def configure(self):
        self.settings.rm_safe('compiler.libcxx')
        self.settings.rm_safe('compiler.cppstd')

    def validate(self):
        if self.settings.os != 'Linux' or self.settings.arch not in ('x86_64', 'armv8', 'riscv64'):
            raise ConanInvalidConfiguration('Lifoguard is for Linux on x86-64, aarch64 and riscv64')

    def layout(self):
        basic_layout(self, src_folder='source')

    def export_sources(self):
        root = os.path.normpath(os.path.join(self.recipe_folder, '..', '..', '..'))
        for pattern in 'meson.build', 'meson_options.txt', 'LICENSE', 'include/*', 'src/*', 'packaging/*', 'docs/*', 'tests/docs/*':
            copy(self, pattern, root, os.path.join(self.export_sources_folder, 'source'))

    def generate(self):
        PkgConfigDeps(self).generate()
        toolchain = MesonToolchain(self)
        for part in 'tests', 'examples', 'tools', 'vet':
            toolchain.project_options[part] = 'disabled'
        toolchain.generate()

    def build(self):
        meson = Meson(self)
        meson.configure()
        meson.build()

    def package(self):
        Meson(self).install()
        copy(self, 'LICENSE', self.source_folder, os.path.join(self.package_folder, 'licenses'))
        for folder in 'lib/pkgconfig', 'lib/cmake', 'share':
            rmdir(self, os.path.join(self.package_folder, folder))

    def package_info(self):
        self.cpp_info.libs = ['lifoguard']
        self.cpp_info.cflags = ['-fexceptions', '-fasynchronous-unwind-tables', '-fstack-clash-protection']
        if self.settings.compiler == 'clang':
            self.cpp_info.cflags.append('-fdefer-ts')
        self.cpp_info.system_libs = ['pthread', 'dl']
