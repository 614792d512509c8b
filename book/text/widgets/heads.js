"use strict";

// Where the heads of a trained model look. The export of `capstone inspect --json`, and three rows
// to agree with, come from src/chapters/capstone_inside.rs.
(() => {
    const golden = JSON.parse(document.getElementById("golden-heads").textContent);
    const at = (id) => document.getElementById(`heads-${id}`);
    let { tokens, attention } = golden.data;
    const chosen = { layer: 0, head: 0, query: 0 };

    // How far back a token looks, in tokens, and which one it looks at most.
    function summary(row, query) {
        const back = row.reduce((sum, weight, key) => sum + weight * (query - key), 0);
        return { back, most: row.indexOf(Math.max(...row)) };
    }

    for (const { layer, head, query, most, back } of golden.values) {
        const found = summary(attention[layer][head][query], query);
        if (found.most !== most || Math.abs(found.back - back) > 1e-9) {
            throw new Error(`widget heads: ${found.back} back for token ${query}, the crate has ${back}`);
        }
    }

    // Every text of an export goes in as text, never as HTML.
    function make(name, properties, ...children) {
        const made = Object.assign(document.createElement(name), properties);
        made.append(...children);
        return made;
    }

    function radios(name, count) {
        const radio = (_, i) => make("label", { style: "display: inline-block; margin-right: 1em" }, make("input", {
            type: "radio", name: `heads-${name}`, checked: i === chosen[name],
            onchange: () => { chosen[name] = i; draw(); } }), ` ${i + 1}`);
        at(`${name}s`).replaceChildren(at(`${name}s`).firstElementChild, ...Array.from({ length: count }, radio));
    }

    function show() {
        Object.assign(chosen, { layer: 0, head: 0, query: tokens.length - 1 });
        radios("layer", attention.length);
        radios("head", attention[0].length);
        const token = (text, query) => make("button", {
            type: "button", textContent: text.trim() || "␣", onfocus: () => look(query),
            onpointerenter: () => look(query), onclick: () => look(query), style: "color: inherit; margin: 0 1px" });
        at("tokens").replaceChildren(...tokens.map(token));
        at("map").setAttribute("viewBox", `0 0 ${tokens.length} ${tokens.length}`);
        draw();
    }

    function look(query) {
        chosen.query = query;
        draw();
    }

    function draw() {
        const { layer, head, query } = chosen;
        const map = attention[layer][head], row = map[query];
        [...at("tokens").children].forEach((button, key) => {
            button.tabIndex = key === query ? 0 : -1;
            button.setAttribute("aria-pressed", key === query);
            button.style.color = key > query ? "var(--faint)" : "var(--ink)";
            button.style.border = `2px solid ${key === query ? "var(--blue)" : "transparent"}`;
            // Dark letters must stay readable on the tint.
            button.style.background = `color-mix(in srgb, var(--green) ${(35 * row[key]).toFixed(1)}%, transparent)`;
        });
        const { back, most } = summary(row, query);
        at("said").textContent = `Token ${query + 1}, “${tokens[query].trim()}”, looks most at token ${most + 1}, `
            + `“${tokens[most].trim()}”: ${(100 * row[most]).toFixed(0)} %. On average it looks ${back.toFixed(1)} tokens back.`;
        const cells = map.map((weights, y) => weights.map((weight, x) => weight < 0.005 ? "" :
            `<rect x="${x}" y="${y}" width="1" height="1" class="fill-green" fill-opacity="${weight}"/>`).join("")).join("");
        at("map").innerHTML = `<rect width="${tokens.length}" height="${tokens.length}" class="fill-faint" fill-opacity="0.12"/>`
            + `${cells}<rect y="${query}" width="${query + 1}" height="1" fill="none" class="line-blue" stroke-width="0.15"/>`;
    }

    at("tokens").addEventListener("keydown", ({ key }) => {
        const query = chosen.query + ({ ArrowRight: 1, ArrowLeft: -1 }[key] ?? 0);
        at("tokens").children[query]?.focus();
    });

    at("file").addEventListener("change", async ({ target }) => {
        try {
            const read = JSON.parse(await target.files[0].text());
            const fits = (head) => head.length === read.tokens.length && head.every((row) =>
                row.length === head.length && row.every((weight) => weight >= 0 && weight <= 1));
            if (!read.tokens.length || read.tokens.length > 200 || !read.attention[0].length || !read.attention.flat().every(fits)) throw new Error();
            ({ tokens, attention } = read);
            at("problem").textContent = "";
            show();
        } catch {
            at("problem").textContent = "This is no export of `capstone inspect --json`, or it has more than 200 tokens.";
        }
    });
    show();
})();
