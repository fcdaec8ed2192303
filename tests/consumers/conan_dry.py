#!/usr/bin/env python3
"""conan_dry.py RECIPE WORK: runs the methods of a recipe in Conan's order, with modules that do what Conan's do, and without network.
The sources are then in WORK/export, the package in WORK/package."""

import fnmatch
import os
import shutil
import subprocess
import sys
import types

work = os.path.abspath(sys.argv[2])


class Settings:
    os, arch, build_type, compiler = 'Linux', 'x86_64', 'Release', 'gcc'

    def rm_safe(self, name):
        assert name.startswith('compiler.')


class ConanFile:
    settings = options = None


def copy(_, pattern, src, dst):
    found = 0
    for folder, folders, files in os.walk(src):
        folders[:] = [f for f in folders if f not in ('.git', 'build')]
        for name in [os.path.relpath(os.path.join(folder, f), src) for f in files]:
            if fnmatch.fnmatch(name, pattern):
                os.makedirs(os.path.dirname(os.path.join(dst, name)), exist_ok=True)
                shutil.copy(os.path.join(src, name), os.path.join(dst, name))
                found += 1
    assert found, f'copy: nothing is called {pattern}'


class MesonToolchain:
    def __init__(self, recipe):
        self.recipe, self.project_options = recipe, {}

    def generate(self):
        self.recipe.meson_options = [f'-D{name}={value}' for name, value in self.project_options.items()]


class Meson:
    def __init__(self, recipe):
        self.recipe = recipe

    def run(self, *command):
        subprocess.run(command, check=True)

    def configure(self):
        self.run('meson', 'setup', '--prefix', self.recipe.package_folder, '--libdir', 'lib', '--default-library', 'static',
                 *self.recipe.meson_options, work + '/build', self.recipe.source_folder)

    def build(self):
        self.run('ninja', '-j2', '-C', work + '/build')

    def install(self):
        self.run('meson', 'install', '-C', work + '/build')


def module(name, **members):
    sys.modules[name] = types.ModuleType(name)
    vars(sys.modules[name]).update(members)


module('conan', ConanFile=ConanFile)
module('conan.errors', ConanInvalidConfiguration=ValueError)
module('conan.tools')
module('conan.tools.files', copy=copy, rmdir=lambda _, folder: shutil.rmtree(folder))
module('conan.tools.gnu', PkgConfigDeps=MesonToolchain)
module('conan.tools.layout', basic_layout=lambda recipe, src_folder: setattr(recipe, 'source_folder', f'{work}/export/{src_folder}'))
module('conan.tools.meson', Meson=Meson, MesonToolchain=MesonToolchain)

recipe_path = os.path.abspath(sys.argv[1])
space = {'__file__': recipe_path}
with open(recipe_path, encoding='utf-8') as file:
    exec(compile(file.read(), recipe_path, 'exec'), space)
recipe = space['Lifoguard']()
recipe.recipe_folder, recipe.export_sources_folder, recipe.package_folder = os.path.dirname(recipe_path), work + '/export', work + '/package'
recipe.settings, recipe.cpp_info = Settings(), types.SimpleNamespace()
for step in 'export_sources', 'configure', 'validate', 'layout', 'generate', 'build', 'package', 'package_info':
    getattr(recipe, step)()
print(*recipe.cpp_info.cflags, f'-I{recipe.package_folder}/include', f'-L{recipe.package_folder}/lib', *(f'-l{lib}' for lib in recipe.cpp_info.libs),
      *(f'-l{lib}' for lib in recipe.cpp_info.system_libs), file=open(work + '/flags', 'w', encoding='utf-8'))
