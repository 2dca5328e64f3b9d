"""The rules that hold without any rule file: tool folders, build output, and secrets.

A build-output *name* alone (`build`, `dist`, `out`, `bin`) proves nothing: those are also packages and
source folders, and where they are output the project's own `.gitignore` says so. Here stand only names that
no person writes source into, and folders that carry the mark of the tool that made them. All names are
compared in lower case.
"""

TOOLING: tuple[str, ...] = (
    # version control: objects and refs, never source. `.git` may be a file (worktrees, submodules)
    ".git", ".hg/", ".svn/", ".bzr/", "_darcs/", "cvs/", ".jj/", ".sl/", ".pijul/",
    # our own index inside a project, and the peer's
    ".vexord/", ".vexor/",
    # installed third-party packages: huge, and their sources are not this project's
    "node_modules/", "bower_components/", ".pnpm-store/", "**/.yarn/cache/", "**/.yarn/unplugged/", ".venv/",
    ".eggs/", "*.egg-info/", "elm-stuff/", ".bundle/",
    # caches whose names are claimed by one tool
    "__pycache__/", ".mypy_cache/", ".pytest_cache/", ".ruff_cache/", ".hypothesis/", ".tox/", ".nox/",
    ".ipynb_checkpoints/", ".gradle/", ".next/", ".nuxt/", ".svelte-kit/", ".parcel-cache/", ".turbo/",
    ".terraform/", ".direnv/", ".cache/", ".dart_tool/", ".stack-work/", "dist-newstyle/", ".zig-cache/",
    "zig-cache/", ".ccls-cache/", ".clangd/", ".nyc_output/", ".sass-cache/", ".bloop/", ".metals/", ".vs/",
    # compiled code: nothing to read in it
    "*.pyc", "*.pyo", "*.class", "*.o",
    # desktop litter
    ".ds_store", "thumbs.db", "desktop.ini",
    # editors' swap and backup files: they come and go with every keystroke
    "*.swp", "*.swo", "*~", ".#*", "\\#*\\#",
)  # fmt: skip

SECRETS: tuple[str, ...] = (
    # environment files; the examples that are meant to be read stay in
    ".env", ".env.*", ".envrc",
    "!.env.example", "!.env.*.example", "!.env.sample", "!.env.template", "!.env.dist",
    # private keys, key stores, certificates
    "*.pem", "*.key", "*.p12", "*.pfx", "*.jks", "*.keystore", "*.ppk", "*.kdbx", "*.crt", "*.cer", "*.der",
    "*.p8", "*.pk8", "*.pkcs12", "*.kdb", "*.keychain", "*.keytab", "*.ovpn", "*.agekey", "secring.gpg",
    "id_rsa*", "id_dsa*", "id_ecdsa*", "id_ed25519*",
    # credential stores of common tools
    ".netrc", "_netrc", ".npmrc", ".pypirc", ".htpasswd", ".pgpass", ".my.cnf", ".git-credentials",
    ".vault-token", ".dockercfg", "**/.docker/config.json", "**/.kube/config", "**/.aws/credentials",
    "credentials.json", "client_secret*.json", "service-account*.json", "service_account*.json",
    ".s3cfg", ".boto", ".ftpconfig", "sftp-config.json", ".terraformrc", ".dockerconfigjson", "kubeconfig",
    "application_default_credentials.json", "*-firebase-adminsdk-*.json", "accesstokens.json",
    "**/.cargo/credentials", "**/.cargo/credentials.toml", "**/.gem/credentials", "**/.composer/auth.json",
    # histories hold what was typed, passwords too
    ".bash_history", ".zsh_history", ".python_history", ".node_repl_history", ".psql_history",
    ".mysql_history", ".sqlite_history", ".rediscli_history",
    # terraform writes every secret that it manages into its state, in the clear
    "*.tfstate", "*.tfstate.*", "*.tfvars", "*.tfvars.json",
)  # fmt: skip

BESIDE: dict[str, tuple[str, ...]] = {
    "target": ("Cargo.toml", "pom.xml", "build.sbt"),
    "build": ("build.gradle", "build.gradle.kts", "pubspec.yaml"),
    "_build": ("mix.exs", "dune-project", "rebar.config"),
    "deps": ("mix.exs",),
    ".build": ("Package.swift",),
    "Pods": ("Podfile",),
}
"""Folder name → files of which one beside it shows that the folder is that tool's output."""

INSIDE: tuple[tuple[str, str | None], ...] = (
    ("pyvenv.cfg", None),  # a Python virtual environment of any name
    ("CACHEDIR.TAG", None),  # https://bford.info/cachedir/: cargo, pytest, mypy, ccache and others write it
    ("CMakeCache.txt", "CMakeLists.txt"),  # a CMake build tree, unless one builds inside the sources
)
"""(file in a folder that shows it is generated, file in it that shows the contrary)."""
