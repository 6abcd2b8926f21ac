// Draws the diagrams of a page that has some, in the colours of the chosen theme. mermaid lies beside the pages.
"use strict";
(() => {
    const diagrams = [...document.querySelectorAll("pre.mermaid")];
    if (diagrams.length === 0) return;
    const texts = diagrams.map((diagram) => diagram.textContent);
    const isDark = () => ["coal", "navy", "ayu"].some((theme) => document.documentElement.classList.contains(theme));
    let drawn;

    function draw() {
        if (drawn === isDark()) return;
        drawn = isDark();
        diagrams.forEach((diagram, at) => {
            diagram.removeAttribute("data-processed");
            diagram.textContent = texts[at];
        });
        mermaid.initialize({ startOnLoad: false, securityLevel: "strict", theme: drawn ? "dark" : "default" });
        mermaid.run({ nodes: diagrams });
    }

    const script = document.createElement("script");
    script.src = `${path_to_root}mermaid.min.js`; // mdbook says where the root is
    script.onload = () => {
        draw();
        new MutationObserver(draw).observe(document.documentElement, { attributeFilter: ["class"] });
    };
    document.head.append(script);
})();
