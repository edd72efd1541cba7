// Draws /openapi.json: its operations by tag, each with parameters, fields and examples.
"use strict";
const node = (name, className, ...children) => {
  const made = document.createElement(name);
  made.className = className;
  made.append(...children);
  return made;
};
const code = (text) => node("code", "", text);
let description; // what /openapi.json contains

// The object itself, or what its "$ref": "#/components/…" names.
const resolved = (object = {}) =>
  object.$ref ? object.$ref.split("/").slice(1).reduce((place, name) => place[name], description) : object;

function typeName(schema) {
  const { type, items, oneOf, anyOf, enum: values } = resolved(schema);
  if (values) return values.map((value) => JSON.stringify(value)).join(" | ");
  if (oneOf ?? anyOf) return (oneOf ?? anyOf).map(typeName).join(" | ");
  if (type === "array") return "array of " + typeName(items);
  return [type ?? "any value"].flat().join(" | ");
}

function fieldList(fields) {
  const list = node("dl", "fields");
  for (const { name, schema, description: text, required } of fields) {
    const note = required ? " · required" : "";
    list.append(
      node("dt", "", code(name)),
      node("dd", "", node("span", "quiet", typeName(schema) + note), " " + (text ?? "")),
    );
  }
  return list;
}

function schemaFields(schema) {
  const { properties = {}, required = [] } = resolved(schema);
  return Object.entries(properties).map(([name, property]) => ({
    name,
    schema: property,
    description: property.description ?? resolved(property).description,
    required: required.includes(name),
  }));
}

const shown = (value) => node("pre", "", typeof value === "string" ? value : JSON.stringify(value, null, 2));

function contentParts(content = {}) {
  return Object.entries(content).flatMap(([type, { schema, example, examples = {} }]) => {
    const fields = schemaFields(schema);
    const parts = [node("p", "quiet", type)];
    if (fields.length) parts.push(fieldList(fields));
    if (example !== undefined) parts.push(shown(example));
    for (const { summary, value } of Object.values(examples)) parts.push(node("p", "", summary ?? ""), shown(value));
    return parts;
  });
}

function operationDetails(path, method, operation) {
  const inside = node("div", "inside");
  if (operation.description) inside.append(node("p", "", operation.description));
  if (operation.parameters) inside.append(node("h3", "", "Parameters"), fieldList(operation.parameters));
  if (operation.requestBody) {
    inside.append(node("h3", "", "Request"), ...contentParts(operation.requestBody.content));
  }
  for (const [status, reference] of Object.entries(operation.responses)) {
    const response = resolved(reference);
    inside.append(node("h3", "", `${status}: ${response.description}`), ...contentParts(response.content));
  }
  const name = node("code", "method", method.toUpperCase());
  return node("details", "", node("summary", "", name, code(path), node("span", "quiet", operation.summary)), inside);
}

async function draw() {
  const response = await fetch("/openapi.json");
  description = await response.json();
  document.getElementById("about").textContent = description.info.description;
  for (const { name, description: text } of description.tags) {
    const section = node("section", "", node("h2", "", name), node("p", "quiet", text));
    section.id = name.replaceAll(" ", "-");
    for (const [path, operations] of Object.entries(description.paths)) {
      for (const [method, operation] of Object.entries(operations)) {
        if (operation.tags.includes(name)) section.append(operationDetails(path, method, operation));
      }
    }
    const link = node("a", "", name);
    link.href = "#" + section.id;
    document.getElementById("contents").append(link);
    document.getElementById("operations").append(section);
  }
}

draw().catch(() => {
  document.getElementById("about").textContent = "Expected /openapi.json of this server, found none.";
});
