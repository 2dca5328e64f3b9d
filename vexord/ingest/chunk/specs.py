"""The languages whose syntax is known: data, one entry a language. Rarer ones are in `specs_more`."""

from vexord.ingest.chunk import names, names_calls
from vexord.ingest.chunk.spec import Opens, Rule, Spec, rules, words
from vexord.ingest.chunk.specs_more import MORE_SPECS

LARGE, ALWAYS = Opens.LARGE, Opens.ALWAYS

_PYTHON = Spec(
    grammar="python",
    rules={
        "function_definition": Rule("function"),
        "class_definition": Rule("class", opens=LARGE),
        "assignment": Rule("variable", names.assigned),
        "type_alias_statement": Rule("type"),
    },
    wrappers=words("decorated_definition expression_statement"),
    transparent=words("if_statement try_statement else_clause elif_clause except_clause with_statement"),
)

_JAVASCRIPT_RULES = {
    **rules("function", "function_declaration generator_function_declaration function_signature"),
    **rules("class", "class_declaration class", opens=LARGE),
    **rules("method", "method_definition abstract_method_signature method_signature"),
    **rules("method", "pair field_definition public_field_definition", names.js_member),
    **rules("variable", "lexical_declaration variable_declaration", names.js_variable),
    "assignment_expression": Rule("function", names.js_assignment),
}
_JAVASCRIPT_WRAPPERS = words("export_statement expression_statement ambient_declaration")

_JAVASCRIPT = Spec(grammar="javascript", rules=_JAVASCRIPT_RULES, wrappers=_JAVASCRIPT_WRAPPERS)

_TYPESCRIPT_RULES = {
    **_JAVASCRIPT_RULES,
    "abstract_class_declaration": Rule("class", opens=LARGE),
    "interface_declaration": Rule("interface"),
    "enum_declaration": Rule("enum"),
    "type_alias_declaration": Rule("type"),
    **rules("namespace", "internal_module module", opens=ALWAYS),
}
_TYPESCRIPT = Spec(
    grammar="typescript",
    rules=_TYPESCRIPT_RULES,
    wrappers=_JAVASCRIPT_WRAPPERS,
    attached=words("decorator"),
    joined=True,
)
_TSX = Spec(
    grammar="tsx",
    rules=_TYPESCRIPT_RULES,
    wrappers=_JAVASCRIPT_WRAPPERS,
    attached=words("decorator"),
    joined=True,
)

_GO = Spec(
    grammar="go",
    rules={
        "function_declaration": Rule("function"),
        "method_declaration": Rule("method", names.go_method),
        "type_declaration": Rule("type", names.go_type),
        "const_declaration": Rule("constant", names.go_values),
        "var_declaration": Rule("variable", names.go_values),
    },
)

_RUST = Spec(
    grammar="rust",
    rules={
        **rules("function", "function_item function_signature_item"),
        **rules("struct", "struct_item union_item"),
        "enum_item": Rule("enum"),
        "trait_item": Rule("trait", opens=LARGE),
        "impl_item": Rule("impl", names.rust_impl, LARGE),
        "mod_item": Rule("module", opens=ALWAYS),
        "macro_definition": Rule("macro"),
        **rules("type", "type_item associated_type"),
        "const_item": Rule("constant"),
        "static_item": Rule("variable"),
    },
    attached=words("attribute_item"),
    transparent=words("foreign_mod_item"),
)

_JAVA = Spec(
    grammar="java",
    rules={
        **rules("class", "class_declaration record_declaration", opens=LARGE),
        **rules("interface", "interface_declaration annotation_type_declaration", opens=LARGE),
        "enum_declaration": Rule("enum", opens=LARGE),
        **rules("method", "method_declaration constructor_declaration compact_constructor_declaration"),
    },
)

_C_RULES = {
    "function_definition": Rule("function", names.function_or_class),
    **rules("struct", "struct_specifier union_specifier", names.with_body, LARGE),
    "enum_specifier": Rule("enum", names.with_body),
    "type_definition": Rule("type", names.typedef),
    "declaration": Rule("variable", names.initialised),
    **dict.fromkeys(("preproc_def", "preproc_function_def"), Rule("macro", mergeable=True)),
}
_C_TRANSPARENT = words("preproc_if preproc_ifdef preproc_else preproc_elif linkage_specification")
_C = Spec(grammar="c", rules=_C_RULES, transparent=_C_TRANSPARENT)

_CPP_RULES = {
    **_C_RULES,
    "class_specifier": Rule("class", names.with_body, LARGE),
    "namespace_definition": Rule("namespace", names.namespace, ALWAYS),
    **rules("type", "alias_declaration concept_definition"),
}
_CPP = Spec(
    grammar="cpp", rules=_CPP_RULES, wrappers=words("template_declaration"), transparent=_C_TRANSPARENT
)
_CUDA = Spec(
    grammar="cuda", rules=_CPP_RULES, wrappers=words("template_declaration"), transparent=_C_TRANSPARENT
)

_CSHARP = Spec(
    grammar="csharp",
    rules={
        **rules("namespace", "namespace_declaration", opens=ALWAYS),
        **rules("class", "class_declaration record_declaration", opens=LARGE),
        **rules("struct", "struct_declaration record_struct_declaration", opens=LARGE),
        "interface_declaration": Rule("interface", opens=LARGE),
        "enum_declaration": Rule("enum"),
        "delegate_declaration": Rule("type"),
        **rules("method", "method_declaration constructor_declaration destructor_declaration"),
        "operator_declaration": Rule("method", names.fixed("operator")),
        "indexer_declaration": Rule("property", names.fixed("this")),
        **rules("property", "property_declaration event_declaration"),
        "local_function_statement": Rule("function"),
    },
    transparent=words("global_statement preproc_if preproc_else preproc_elif"),
)

_RUBY = Spec(
    grammar="ruby",
    rules={
        "module": Rule("module", names.dotted_field, ALWAYS),
        "class": Rule("class", names.dotted_field, LARGE),
        **rules("function", "method singleton_method"),
        "assignment": Rule("variable", names.assigned),
    },
    transparent=words("singleton_class"),
    method_owners=words("class module"),
)

_PHP = Spec(
    grammar="php",
    rules={
        "namespace_definition": Rule("namespace", names.with_body, ALWAYS),
        "class_declaration": Rule("class", opens=LARGE),
        "interface_declaration": Rule("interface", opens=LARGE),
        "trait_declaration": Rule("trait", opens=LARGE),
        "enum_declaration": Rule("enum", opens=LARGE),
        "method_declaration": Rule("method"),
        "function_definition": Rule("function"),
        "const_declaration": Rule("constant", names.binding_name(words("const_element"))),
    },
    transparent=words("if_statement"),
)

_KOTLIN_NAME = names.keyword_class({"interface": "interface", "enum": "enum"}, "Companion")
_KOTLIN = Spec(
    grammar="kotlin",
    rules={
        "class_declaration": Rule("class", _KOTLIN_NAME, LARGE),
        **rules("object", "object_declaration companion_object", _KOTLIN_NAME, LARGE),
        "function_declaration": Rule("function", names.child_name),
        "secondary_constructor": Rule("method", names.fixed("constructor")),
        "property_declaration": Rule("property", names.variable_child),
        "type_alias": Rule("type", names.child_name),
    },
)

_SWIFT_NAME = names.keyword_class({"struct": "struct", "enum": "enum", "extension": "impl"})
_SWIFT = Spec(
    grammar="swift",
    rules={
        "class_declaration": Rule("class", _SWIFT_NAME, LARGE),
        "protocol_declaration": Rule("interface", opens=LARGE),
        **rules("function", "function_declaration protocol_function_declaration"),
        "init_declaration": Rule("method", names.fixed("init")),
        "deinit_declaration": Rule("method", names.fixed("deinit")),
        "subscript_declaration": Rule("method", names.fixed("subscript")),
        "property_declaration": Rule("property", names.variable_child),
        "typealias_declaration": Rule("type"),
    },
)

_SCALA = Spec(
    grammar="scala",
    rules={
        "class_definition": Rule("class", opens=LARGE),
        "trait_definition": Rule("trait", opens=LARGE),
        "object_definition": Rule("object", opens=LARGE),
        "enum_definition": Rule("enum", opens=LARGE),
        **rules("function", "function_definition function_declaration"),
        "type_definition": Rule("type"),
        "extension_definition": Rule("impl", names.fixed("extension"), LARGE),
    },
    transparent=words("package_clause"),
)

_LUA_RULES = {
    "function_declaration": Rule("function", names.dotted_field),
    **rules("variable", "variable_declaration assignment_statement", names.lua_assignment),
}

_BASH = Spec(
    grammar="bash",
    rules={"function_definition": Rule("function"), "variable_assignment": Rule("variable")},
    transparent=words("if_statement"),
)

_ELIXIR = Spec(
    grammar="elixir",
    rules={"call": Rule("function", names_calls.elixir_call, LARGE)},
    attaches=names_calls.elixir_doc,
    joined=True,
)

_HASKELL = Spec(
    grammar="haskell",
    rules={
        **rules("function", "signature function bind"),
        **rules("struct", "data_type newtype"),
        **rules("type", "type_synomym type_family"),
        "class": Rule("class", opens=LARGE),
        "instance": Rule("impl", names.haskell_instance, LARGE),
    },
    joined=True,
)

_ZIG = Spec(
    grammar="zig",
    rules={
        "Decl": Rule("constant", names_calls.zig_declaration, LARGE),
        "TestDecl": Rule("function", names_calls.zig_test),
    },
    attached=words("pub doc_comment"),
    transparent=words("VarDecl ErrorUnionExpr SuffixExpr ContainerDecl"),
)

_SQL = Spec(
    grammar="sql",
    rules={
        **rules("struct", "create_table create_view create_materialized_view", names_calls.sql_create),
        **rules("function", "create_function create_procedure create_trigger", names_calls.sql_create),
        **rules("object", "create_index create_schema create_sequence create_role", names_calls.sql_create),
        "create_type": Rule("type", names_calls.sql_create),
    },
    wrappers=words("statement"),
)

SPECS: dict[str, Spec] = {
    "bash": _BASH,
    "c": _C,
    "cpp": _CPP,
    "csharp": _CSHARP,
    "cuda": _CUDA,
    "elixir": _ELIXIR,
    "go": _GO,
    "haskell": _HASKELL,
    "java": _JAVA,
    "javascript": _JAVASCRIPT,
    "jsx": _JAVASCRIPT,
    "kotlin": _KOTLIN,
    "lua": Spec(grammar="lua", rules=_LUA_RULES),
    "php": _PHP,
    "python": _PYTHON,
    "ruby": _RUBY,
    "rust": _RUST,
    "scala": _SCALA,
    "sql": _SQL,
    "swift": _SWIFT,
    "tsx": _TSX,
    "typescript": _TYPESCRIPT,
    "zig": _ZIG,
    **MORE_SPECS,
}
"""By the language names of `vexord.ingest.languages`."""
