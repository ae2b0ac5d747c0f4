// A bare Spark job of the shape of one of our reduce stages: the same Spark stages, partitions and bytes, and no work. Run by
// bench/run.py in spark-shell; prints one line of milliseconds a job.
import org.apache.spark.HashPartitioner

val fields = sys.env("BARE").split(",").map(_.toInt)
val Array(partitions, fanIn, partialBytes, taskBytes, jobs) = fields
val partial = new Array[Byte](partialBytes)

def once(): Long = {
  val began = System.nanoTime()
  val task = sc.broadcast(new Array[Byte](taskBytes))
  val bytes = partialBytes
  val width = fanIn
  var nodes = partitions
  var level = sc.parallelize(0 until partitions, partitions).map { p =>
    require(task.value.length >= 0)
    (p / width, new Array[Byte](bytes))
  }
  while (nodes > 1) {
    nodes = (nodes + width - 1) / width
    level = level.partitionBy(new HashPartitioner(nodes)).mapPartitionsWithIndex { (node, children) =>
      require(children.nonEmpty && task.value.length >= 0)
      Iterator((node / width, new Array[Byte](bytes)))
    }
  }
  require(level.map(_._2.length).collect().sum == bytes)
  task.destroy()
  System.nanoTime() - began
}

for (_ <- 0 until 20) once()
val times = Seq.fill(jobs)(once()).sorted
println(f"bare: ${times(jobs / 2) / 1e6}%.2f ms a job")
System.exit(0)
