# What the paper's Tables II, III and IV say in general, counted in its figures and in ours, as Markdown.
#   awk -f claims.awk paper.csv table-2.csv table-3.csv table-4.csv
# The last three are what "spillway query spread --format csv" answers for the experiment of each table.

BEGIN {
  FS = ","
  kinds = split("paper 8 16", kind, " ")
}

{ sub(/\r$/, "") }

FNR == 1 {
  delete column
  for (i = 1; i <= NF; i++) column[$i] = i
  next
}

function keep(source, table, splitter, value,    place) {
  place = table SUBSEP $column["method"] SUBSEP $column["network"] SUBSEP $column["search"]
  mb[source, place, splitter] = value + 0
  places[place] = 1
}

FILENAME == ARGV[1] {
  keep("paper", $column["table"], $column["splitter"], $column["dram_mb"])
  next
}

$column["search"] != "exact" {
  split($column["bits"], bits, "/")
  keep(bits[1], FILENAME == ARGV[2] ? "table-2" : FILENAME == ARGV[3] ? "table-3" : "table-4", $column["splitter"],
       $column["median_mb"])
}

# Counts one comparison; left and right may be missing.
function compare(claim, source, left, right) {
  if (!(left in mb) || !(right in mb)) return
  total[claim, source]++
  if (mb[left] <= mb[right] + 1e-9) holds[claim, source]++
}

function report(claim, text,    i, line) {
  line = "| " text " |"
  for (i = 1; i <= kinds; i++) line = line sprintf(" %d of %d |", holds[claim, kind[i]], total[claim, kind[i]])
  print line
}

END {
  count = split("gnne pg rg trace-get", explained, " ")
  for (place in places) {
    split(place, part, SUBSEP)
    other = part[1] SUBSEP part[2] SUBSEP part[3] SUBSEP
    brr = part[1] SUBSEP "brr" SUBSEP part[3] SUBSEP part[4]
    for (i = 1; i <= kinds; i++) {
      source = kind[i]
      for (e = 1; e <= count; e++) {
        compare("explained", source, source SUBSEP place SUBSEP explained[e], source SUBSEP place SUBSEP "random")
      }
      if (part[4] == "local") {
        compare("local", source, source SUBSEP place SUBSEP "random", source SUBSEP other "random" SUBSEP "random")
        compare("nsga2", source, source SUBSEP other "nsga2" SUBSEP "random", source SUBSEP place SUBSEP "random")
      }
      if (part[2] == "lbdf") {
        compare("lbdf", source, source SUBSEP place SUBSEP "random", source SUBSEP brr SUBSEP "random")
      }
    }
  }
  print "| in Tables II to IV | paper | ours, 8 bits | ours, 16 bits |"
  print "|---|---|---|---|"
  report("explained", "splitting at explained edges moves no more than splitting at random")
  report("local", "local search moves no more than random search, both with random splits")
  report("nsga2", "NSGA-II moves no more than local search, both with random splits")
  report("lbdf", "LBDF moves no more than BRR among the ops that each can fuse, with random splits")
}
