# One of the paper's tables with our figures beside it, as Markdown.
#   awk -v table=table-2 -v method=lbdf -v bits=16 -f table.awk paper.csv spread.csv
# spread.csv is what "spillway query spread --format csv" answers.

BEGIN {
  FS = ","
  split("random local nsga2", searches, " ")
  title["random"] = "RS"; title["local"] = "LS"; title["nsga2"] = "NSGA-II"
  split("random gnne pg rg gnn-cut middle trace-get exhaustive", splitters, " ")
  title_of["random"] = "random split"; title_of["gnne"] = "GNNExplainer"; title_of["pg"] = "PGExplainer"
  title_of["rg"] = "RG-Explainer"; title_of["gnn-cut"] = "GNN-scored cuts"
  title_of["middle"] = "middle"; title_of["trace-get"] = "trace-GET"; title_of["exhaustive"] = "exhaustive"
}

{ sub(/\r$/, "") }

# Columns by name, so that a further one does no harm.
FNR == 1 {
  for (i = 1; i <= NF; i++) column[$i] = i
  next
}

FILENAME == ARGV[1] {
  if ($column["table"] != table || $column["method"] != method) next
  network = $column["network"]
  if (!(network in known)) { known[network] = 1; networks[++network_count] = network }
  key = network SUBSEP $column["search"] SUBSEP $column["splitter"]
  paper[key] = $column["dram_mb"] ($column["buffer_kb"] == "" ? "" : " (" $column["buffer_kb"] ")")
  wanted[$column["search"]] = 1
  if ($column["buffer_kb"] != "") with_buffer = 1
  next
}

$column["method"] == method && $column["bits"] ~ ("^" bits "/") {
  network = $column["network"]
  if ($column["search"] == "exact") {
    optimum[network] = ($column["optimum_mb"] == "" ? "above " $column["bound_mb"] : $column["optimum_mb"])
    next
  }
  key = network SUBSEP $column["search"] SUBSEP $column["splitter"]
  ours[key] = sprintf("%.3f", $column["median_mb"])
  if (with_buffer) ours[key] = ours[key] sprintf(" (%.3f)", $column["largest_kib"])
  ours[key] = ours[key] sprintf(" [%.3f, %.3f]", $column["least_mb"], $column["most_mb"])
  if ($column["gap_percent"] != "") ours[key] = ours[key] sprintf(" +%.1f %%", $column["gap_percent"])
  measured[$column["search"], $column["splitter"]] = 1
}

function row(name, key_end,    i, line, key, filled) {
  line = "| " name " |"
  for (i = 1; i <= network_count; i++) {
    key = networks[i] SUBSEP key_end
    filled = filled || key in paper || key in ours
    line = line " " (key in paper ? paper[key] : "") " | " (key in ours ? ours[key] : "") " |"
  }
  if (filled) print line
}

END {
  line = "| search |"; rule = "|---|"
  for (i = 1; i <= network_count; i++) {
    line = line " " networks[i] ", paper | ours |"
    rule = rule "---|---|"
  }
  print line; print rule
  for (s = 1; s in searches; s++) {
    if (!(searches[s] in wanted)) continue
    for (e = 1; e in splitters; e++) row(title[searches[s]] ", " title_of[splitters[e]], searches[s] SUBSEP splitters[e])
  }
  line = "| optimum |"
  for (i = 1; i <= network_count; i++) line = line "  | " optimum[networks[i]] " |"
  print line
}
