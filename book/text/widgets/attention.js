"use strict";

// Causal mask and softmax over scores that can be edited. The words, the first scores, and three
// rows of weights to agree with, come from the lesson's crate: see `golden` in
// src/chapters/lesson07_causal_attention.rs.
(() => {
    const golden = JSON.parse(document.getElementById("golden-attention").textContent);
    const at = (id) => document.getElementById(`attention-${id}`);
    const { words } = golden;

    function weights(scores, query, causal) {
        const seen = scores.map((score, key) => (causal && key > query ? -Infinity : score));
        const max = Math.max(...seen);
        const shares = seen.map((score) => Math.exp(score - max));
        const sum = shares.reduce((a, b) => a + b);
        return shares.map((share) => share / sum);
    }

    for (const { query, causal, scores, weights: expected } of golden.values) {
        weights(scores, query, causal).forEach((weight, key) => {
            if (Math.abs(weight - expected[key]) > 1e-9) {
                throw new Error(`widget attention: ${weight} for key ${key} of query ${query}, the crate has ${expected[key]}`);
            }
        });
    }

    // One table: the keys above, the queries at the left, and a cell for each pair of them.
    function fill(table, cell) {
        const keys = words.map((word) => `<th scope="col">${word}</th>`).join("");
        const rows = words.map((word, query) => `<tr><th scope="row">${word}</th>`
            + words.map((_, key) => `<td>${cell(query, key)}</td>`).join("") + "</tr>");
        table.insertAdjacentHTML("beforeend",
            `<thead><tr><td></td>${keys}</tr></thead><tbody>${rows.join("")}</tbody>`);
        return [...table.tBodies[0].rows].map((row) => [...row.cells].slice(1));
    }

    const inputs = fill(at("scores"), (query, key) =>
        `<input type="number" step="0.1" style="width: clamp(2.9em, 10vw, 4.2em)" value="${golden.scores[query][key]}"`
        + ` aria-label="score of the query ${words[query]} for the key ${words[key]}">`)
        .map((row) => row.map((cell) => cell.firstElementChild));
    const shown = fill(at("weights"), () => "");

    function draw() {
        const causal = at("causal").checked;
        inputs.forEach((row, query) => {
            const row_weights = weights(row.map((input) => Number(input.value)), query, causal);
            row_weights.forEach((weight, key) => {
                const hidden = causal && key > query;
                row[key].style.opacity = hidden ? 0.6 : 1;
                shown[query][key].textContent = hidden ? "0" : weight.toFixed(3);
                // Dark letters must stay readable on the tint.
                const tint = `color-mix(in srgb, var(--green) ${(30 * weight).toFixed(1)}%, transparent)`;
                shown[query][key].style.backgroundColor = tint;
            });
        });
    }

    at("scores").addEventListener("input", draw);
    at("causal").addEventListener("change", draw);
    draw();
})();
