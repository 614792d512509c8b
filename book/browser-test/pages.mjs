// Opens every page in two themes and two widths, and says what is wrong with it.
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const folder = resolve(process.argv[2]);
const pictures = process.argv.includes("--pictures") && resolve("pictures");
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
// print.html repeats all pages, 404.html and toc.html are mdBook's own.
const pages = readdirSync(folder).filter((name) => name.endsWith(".html"))
    .filter((name) => !["print.html", "404.html", "toc.html"].includes(name));
// What axe finds in mdBook's own frame is not ours to mend.
const NOT_OURS = ["#mdbook-sidebar-toggle", "#mdbook-sidebar", "#mdbook-menu-bar", ".nav-wide-wrapper", ".nav-wrapper", "#mdbook-sidebar-resize-handle"];

if (pictures) mkdirSync(pictures, { recursive: true });
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ["--no-sandbox", "--disable-background-networking"] });
const problems = [];

for (const theme of ["light", "navy"]) {
    for (const width of [1200, 390]) {
        const context = await browser.newContext({ viewport: { width, height: 900 } });
        await context.addInitScript((theme) => localStorage.setItem("mdbook-theme", theme), theme);
        for (const name of pages) await check(context, name, theme, width);
        await context.close();
    }
}
await search();
await falsified();
await withoutScripts();
await browser.close();

for (const problem of problems) console.error(`error: ${problem}`);
if (problems.length > 0) process.exit(1);
console.log(`${pages.length} pages are in order, in two themes and two widths`);

async function check(context, name, theme, width) {
    const say = (what) => problems.push(`${name}, ${theme}, ${width} px: ${what}`);
    const page = await context.newPage();
    page.on("request", (request) => { if (!/^(file|data|blob):/.test(request.url())) say(`asks for ${request.url()}`); });
    page.on("requestfailed", (request) => say(`cannot load ${request.url()}`));
    page.on("console", (message) => { if (message.type() === "error") say(`console: ${message.text()}`); });
    page.on("pageerror", (error) => say(`script: ${error.message}`));
    await page.goto(pathToFileURL(`${folder}/${name}`).href, { waitUntil: "load" });
    await page.evaluate(() => document.fonts.ready);
    const shown = await page.evaluate(() => document.documentElement.className);
    if (!shown.split(" ").includes(theme)) say(`has the theme ${shown}`);
    if (pictures) await page.screenshot({ path: `${pictures}/${name.replace(".html", "")}-${theme}-${width}.png`, fullPage: true });
    // A reader unfolds everything sooner or later.
    await page.evaluate(() => document.querySelectorAll("details").forEach((fold) => { fold.open = true; }));
    const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    if (over > 0) say(`scrolls sideways by ${over} px`);
    await page.evaluate(axe);
    const found = await page.evaluate((exclude) => window.axe.run({ exclude: exclude.map((e) => [e]) }, { preload: false, runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"] }), NOT_OURS);
    for (const violation of found.violations) {
        say(`${violation.help}: ${violation.nodes.slice(0, 3).map((node) => node.target).join(", ")}`);
    }
    await page.close();
}

// The index must work from the disk too.
async function search() {
    const page = await browser.newPage();
    await page.goto(`${pathToFileURL(`${folder}/index.html`).href}?search=gradient`);
    try {
        await page.waitForSelector("#mdbook-searchresults li, #searchresults li", { timeout: 10000 });
    } catch {
        problems.push("index.html: the search finds nothing for \"gradient\"");
    }
    await page.close();
}

// A widget must notice when the crates' values are not its own.
async function falsified() {
    for (const name of pages) {
        const html = readFileSync(`${folder}/${name}`, "utf8");
        for (const [, widget, values] of html.matchAll(/id="golden-(\w+)">(.*?)<\/script>/g)) {
            const wrong = values.replace(/(\d\.\d{4})\d*(?=[^\d][^.]*$)/, "$19999");
            const file = `${folder}/falsified.html`;
            writeFileSync(file, html.replace(values, wrong));
            const page = await browser.newPage();
            const errors = [];
            page.on("pageerror", (error) => errors.push(error.message));
            await page.goto(pathToFileURL(file).href);
            if (!errors.some((error) => error.includes(widget))) problems.push(`${name}: the widget ${widget} does not notice a wrong value`);
            await page.close();
            rmSync(file);
        }
    }
}

// Without scripts a page must still say what there is.
async function withoutScripts() {
    const context = await browser.newContext({ javaScriptEnabled: false });
    const page = await context.newPage();
    for (const name of pages) {
        await page.goto(pathToFileURL(`${folder}/${name}`).href);
        const text = await page.locator("main").innerText();
        if (text.length < 500) problems.push(`${name}: says little without scripts`);
    }
    await context.close();
}
