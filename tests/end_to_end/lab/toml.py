"""Writes a configuration. Only what the tests need: text, numbers, booleans, lists, tables."""
import json


def value(v):
    if isinstance(v, bool):
        return "true" if v else "false"
    if isinstance(v, int):
        return str(v)
    if isinstance(v, (list, tuple)):
        return "[" + ", ".join(value(x) for x in v) + "]"
    if isinstance(v, dict):
        return "{ " + ", ".join(f"{json.dumps(k)} = {value(x)}" for k, x in v.items()) + " }"
    return json.dumps(str(v), ensure_ascii=False)


def document(tables):
    """tables: name -> table, or list of tables."""
    text = ""
    for name, content in tables.items():
        for table in content if isinstance(content, list) else [content]:
            text += f"[[{name}]]\n" if isinstance(content, list) else f"[{name}]\n"
            text += "".join(f"{k} = {value(v)}\n" for k, v in table.items()) + "\n"
    return text
