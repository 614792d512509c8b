"use strict";

// Temperature, top-k and top-p on the logits of a trained model. The tokens, their logits, and three
// results to agree with, come from the lesson's crate: see `golden` in
// src/chapters/lesson13_generation.rs.
(() => {
    const golden = JSON.parse(document.getElementById("golden-sampling").textContent);
    const at = (id) => document.getElementById(`sampling-${id}`);
    const { tokens } = golden;

    function softmax(logits) {
        const max = Math.max(...logits);
        const shares = logits.map((logit) => Math.exp(logit - max));
        const sum = shares.reduce((a, b) => a + b);
        return shares.map((share) => share / sum);
    }

    // The first of equal values comes first: sort keeps their order.
    const bestFirst = (values) => values.map((_, id) => id).sort((a, b) => values[b] - values[a]);

    function probabilities({ temperature, k, p }) {
        const logits = golden.logits.map((logit) => logit / temperature);
        bestFirst(logits).slice(k).forEach((id) => { logits[id] = -Infinity; });
        const probs = softmax(logits);
        let kept = 0;
        for (const id of bestFirst(probs)) {
            if (kept >= p) logits[id] = -Infinity;
            kept += probs[id];
        }
        return softmax(logits);
    }

    for (const { knobs, probs: expected } of golden.values) {
        probabilities(knobs).forEach((prob, id) => {
            if (Math.abs(prob - expected[id]) > 1e-9) {
                throw new Error(`widget sampling: ${prob} for ${tokens[id]}, the crate has ${expected[id]}`);
            }
        });
    }

    at("table").insertAdjacentHTML("beforeend", "<tbody>" + tokens.map((token) =>
        `<tr><th scope="row">${token}</th><td></td><td style="width: 60%"></td></tr>`).join("") + "</tbody>");
    const rows = [...at("table").tBodies[0].rows];

    const knobs = () => ({
        temperature: Number(at("temperature").value), k: Number(at("k").value), p: Number(at("p").value),
    });

    function draw() {
        const { temperature, k, p } = knobs();
        [["temperature", temperature], ["k", k], ["p", p]].forEach(([name, value]) => { at(`${name}-out`).value = value; });
        const probs = probabilities({ temperature, k, p });
        probs.forEach((prob, id) => {
            const [token, number, bar] = rows[id].cells;
            token.style.textDecoration = prob > 0 ? "none" : "line-through";
            number.textContent = prob.toFixed(3);
            bar.style.background = `linear-gradient(to right, var(--green) ${(100 * prob).toFixed(1)}%, transparent 0)`;
        });
        const kept = probs.filter((prob) => prob > 0).length;
        at("kept").value = `${kept} of ${tokens.length} tokens can be picked.`;
    }

    // One random number for each token: where it falls on the line of all probabilities.
    function pick(probs) {
        let rest = Math.random();
        return Math.max(0, probs.findIndex((prob) => { rest -= prob; return rest < 0; }));
    }

    ["temperature", "k", "p"].forEach((name) => at(name).addEventListener("input", draw));
    at("draw").addEventListener("click", () => {
        const probs = probabilities(knobs());
        at("drawn").value = Array.from({ length: 10 }, () => tokens[pick(probs)]).join(", ");
    });
    draw();
})();
