"""The less common languages whose syntax is known: data, one entry a language.

Perl is left out: its grammar parses 0.05 MB/s (measured on /usr/share/perl), so it is cut by lines.
"""

from vexord.ingest.chunk import names, names_calls
from vexord.ingest.chunk.spec import Opens, Rule, Spec, rules, words

LARGE, ALWAYS = Opens.LARGE, Opens.ALWAYS

_DART = Spec(
    grammar="dart",
    rules={
        "class_definition": Rule("class", opens=LARGE),
        **rules("class", "mixin_declaration extension_declaration", names.child_name, LARGE),
        "enum_declaration": Rule("enum", opens=LARGE),
        **rules("function", "function_signature getter_signature setter_signature constructor_signature"),
    },
    wrappers=words("method_signature"),
    attached=words("annotation marker_annotation"),
    trailers=words("function_body"),
)

_JULIA_NAME = names.binding_name(words("signature type_head"))
_JULIA = Spec(
    grammar="julia",
    rules={
        "module_definition": Rule("module", opens=ALWAYS),
        "function_definition": Rule("function", _JULIA_NAME),
        "struct_definition": Rule("struct", _JULIA_NAME),
        "macro_definition": Rule("macro", _JULIA_NAME),
    },
)

_OCAML = Spec(
    grammar="ocaml",
    rules={
        "value_definition": Rule("function", names.binding_name(words("let_binding"))),
        "type_definition": Rule("type", names.binding_name(words("type_binding"))),
        "module_definition": Rule("module", names.binding_name(words("module_binding")), LARGE),
        "class_definition": Rule("class", names.binding_name(words("class_binding")), LARGE),
    },
    transparent=words("module_binding"),
)

_ERLANG = Spec(
    grammar="erlang",
    rules={
        "fun_decl": Rule("function", names_calls.erlang_function),
        "spec": Rule("function", names_calls.erlang_spec),
        "record_decl": Rule("struct"),
    },
    joined=True,
)

_PROTO = Spec(
    grammar="proto",
    rules={
        "message": Rule("struct", names.ends_with_name, LARGE),
        "service": Rule("interface", names.ends_with_name, LARGE),
        "enum": Rule("enum", names.ends_with_name),
        "rpc": Rule("method", names.ends_with_name),
    },
)

_HCL = Spec(grammar="hcl", rules={"block": Rule("object", names_calls.hcl_block)})

_OBJC = Spec(
    grammar="objc",
    rules={
        "function_definition": Rule("function", names.declarator),
        **rules("class", "class_implementation class_interface", names.child_name, LARGE),
        "protocol_declaration": Rule("interface", names.child_name, LARGE),
        "method_definition": Rule("method", names.child_name),
        **rules("struct", "struct_specifier union_specifier", names.with_body),
        "enum_specifier": Rule("enum", names.with_body),
        "type_definition": Rule("type", names.typedef),
        **dict.fromkeys(("preproc_def", "preproc_function_def"), Rule("macro", mergeable=True)),
    },
    transparent=words("preproc_if preproc_ifdef preproc_else"),
)

_SOLIDITY = Spec(
    grammar="solidity",
    rules={
        **rules("class", "contract_declaration library_declaration", opens=LARGE),
        "interface_declaration": Rule("interface", opens=LARGE),
        **rules("function", "function_definition modifier_definition"),
        "constructor_definition": Rule("method", names.fixed("constructor")),
        "struct_declaration": Rule("struct"),
        "enum_declaration": Rule("enum"),
    },
)

_POWERSHELL = Spec(
    grammar="powershell",
    rules={
        "function_statement": Rule("function", names.ends_with_name),
        "class_statement": Rule("class", names.ends_with_name, LARGE),
        "class_method_definition": Rule("method", names.ends_with_name),
    },
)

MORE_SPECS: dict[str, Spec] = {
    "clojure": Spec(grammar="clojure", rules={"list_lit": Rule("function", names_calls.clojure_list)}),
    "dart": _DART,
    "erlang": _ERLANG,
    "julia": _JULIA,
    "objc": _OBJC,
    "ocaml": _OCAML,
    "powershell": _POWERSHELL,
    "protobuf": _PROTO,
    "r": Spec(grammar="r", rules={"binary_operator": Rule("function", names.r_assignment)}),
    "solidity": _SOLIDITY,
    "terraform": _HCL,
}
