"use strict";

// RoPE with two sliders. The query and the key, and three products to agree with, come from the
// lesson's crate: see `golden` in src/chapters/lesson06_rope.rs.
(() => {
    const golden = JSON.parse(document.getElementById("golden-rope").textContent);
    const at = (id) => document.getElementById(`rope-${id}`);

    function turn(x, position) {
        const out = [];
        for (let i = 0; i < x.length; i += 2) {
            const angle = position * golden.theta ** (-i / x.length);
            const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
            out.push(x[i] * cos - x[i + 1] * sin, x[i] * sin + x[i + 1] * cos);
        }
        return out;
    }

    function product(qPosition, kPosition) {
        const [q, k] = [turn(golden.q, qPosition), turn(golden.k, kPosition)];
        return q.reduce((sum, value, i) => sum + value * k[i], 0);
    }

    for (const { q_position: m, k_position: n, product: expected } of golden.values) {
        if (Math.abs(product(m, n) - expected) > 1e-9) {
            throw new Error(`widget rope: ${product(m, n)} at ${m} and ${n}, the crate has ${expected}`);
        }
    }

    function hand(centre, x, y, colour, name) {
        const [toX, toY] = [centre + 45 * x, 90 - 45 * y];
        return `<line x1="${centre}" y1="90" x2="${toX}" y2="${toY}" class="line-${colour}" stroke-width="3"/>`
            + `<text x="${centre + 58 * x}" y="${95 - 58 * y}" text-anchor="middle" class="fill-${colour}">${name}</text>`;
    }

    function draw() {
        const [m, n] = [Number(at("q").value), Number(at("k").value)];
        const [q, k] = [turn(golden.q, m), turn(golden.k, n)];
        at("dials").innerHTML = [0, 1].map((pair) => {
            const centre = 105 + 210 * pair;
            return `<circle cx="${centre}" cy="90" r="45" fill="none" class="line-faint"/>`
                + `<text x="${centre}" y="182" text-anchor="middle" class="fill-ink">pair ${pair}</text>`
                + hand(centre, q[2 * pair], q[2 * pair + 1], "blue", "q")
                + hand(centre, k[2 * pair], k[2 * pair + 1], "orange", "k");
        }).join("");
        at("q-out").value = m;
        at("k-out").value = n;
        at("distance").value = String(m - n).replace("-", "−");
        at("product").value = product(m, n).toFixed(4).replace("-", "−");
    }

    let previous = { q: Number(at("q").value), k: Number(at("k").value) };
    function moved(name, other) {
        const step = Number(at(name).value) - previous[name];
        if (at("together").checked) {
            at(other).value = previous[other] + step;
            // At the end of one slider both stop, so that the distance stays.
            at(name).value = previous[name] + Number(at(other).value) - previous[other];
        }
        previous = { q: Number(at("q").value), k: Number(at("k").value) };
        draw();
    }

    at("q").addEventListener("input", () => moved("q", "k"));
    at("k").addEventListener("input", () => moved("k", "q"));
    draw();
})();
